//! Sampling rates in reports.

pub(crate) use polyphase_audio::Rate;
use serde::Serializer;

/// Serializes an integer if the rate is whole, else a float.
pub(crate) fn serialize<S: Serializer>(rate: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
    match rate.rounded() {
        Ok(hz) if rate.is_whole() => serializer.serialize_u32(hz),
        _ => serializer.serialize_f64(rate.hz()),
    }
}
