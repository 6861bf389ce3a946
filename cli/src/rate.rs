//! Sampling rates in JSON: numbers without rounding.

pub(crate) use polyphase_audio::Rate;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Serializes an integer if the rate is whole, else a float.
pub(crate) fn serialize<S: Serializer>(rate: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
    if !rate.is_whole() {
        return serializer.serialize_f64(rate.hz());
    }
    rate.to_string().parse::<u64>().map_err(S::Error::custom)?.serialize(serializer)
}

/// Deserializes a number above 0.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    serde_json::Number::deserialize(deserializer)?.to_string().parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Row {
        #[serde(with = "super")]
        rate: Rate,
    }

    #[test]
    fn rates_in_json_are_read_again() {
        for text in ["44100", "11025.5", "9999999999999999999"] {
            let json = serde_json::to_string(&Row { rate: text.parse().expect("a rate") }).expect("a number");
            assert_eq!(json, format!("{{\"rate\":{text}}}"));
            assert_eq!(serde_json::from_str::<Row>(&json).expect("a rate").rate.to_string(), text);
        }
        for number in ["0", "-1.5", "\"8000\""] {
            assert!(serde_json::from_str::<Row>(&format!("{{\"rate\":{number}}}")).is_err(), "{number}");
        }
    }
}
