//! Names of the codecs that WAV, AIFF and CAF files hold beside PCM, and which of them symphonia decodes.

/// Codec of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// symphonia decodes it in this container.
    Decoded,
    /// Nothing here decodes it. The name is for an error.
    Named(&'static str),
    /// Nothing here knows it.
    Unknown,
}

/// The codec of a format tag of WAV.
pub(super) fn of_wav(tag: u16) -> Codec {
    Codec::Named(match tag {
        0x0002 | 0x0011 => return Codec::Decoded,
        0x0010 => "OKI ADPCM",
        0x0014 | 0x0040 | 0x0045 | 0x0064 => "G.726 ADPCM",
        0x0016 => "G.723 ADPCM",
        0x0017 => "Dialogic ADPCM",
        0x0020 => "Yamaha ADPCM",
        0x0022 => "TrueSpeech",
        0x0028 => "LPC10",
        0x0031 => "GSM 6.10",
        0x0042 => "G.723.1",
        0x0050 => "MPEG audio (layer 1 or 2)",
        0x0055 => "MP3",
        0x0057 | 0x0058 => "AMR",
        0x0061 | 0x0062 => "Duck ADPCM",
        0x0083 => "G.729",
        0x0092 | 0x2000 => "AC-3",
        0x00ff | 0x1600 | 0x1601 | 0x1610 | 0x4143 | 0x706d | 0xa106 => "AAC",
        0x0160 => "Windows Media Audio 1",
        0x0161 => "Windows Media Audio 2",
        0x0162 => "Windows Media Audio Professional",
        0x0163 => "Windows Media Audio Lossless",
        0x0200 => "Creative ADPCM",
        0x0270 => "ATRAC3",
        0x028f => "G.722 ADPCM",
        0x0402 => "Indeo audio",
        0x2001 => "DTS",
        0x566f | 0x674f..=0x6751 | 0x676f..=0x6771 => "Vorbis",
        0x6c61 => "ALAC",
        0x704f => "Opus",
        0xf1ac => "FLAC",
        _ => return Codec::Unknown,
    })
}

/// The codec of a compression type of AIFC.
pub(super) fn of_aifc(kind: [u8; 4]) -> Codec {
    Codec::Named(match &kind {
        b"ACE2" | b"ACE8" => "ACE",
        b"MAC3" => "MACE 3:1",
        b"MAC6" => "MACE 6:1",
        b"ima4" => "IMA ADPCM",
        b"GSM " | b"agsm" => "GSM 6.10",
        b"G722" => "G.722 ADPCM",
        b"G726" => "G.726 ADPCM",
        b"G728" => "G.728",
        b"DWVW" => "DWVW",
        b"QDMC" => "QDesign Music",
        b"QDM2" => "QDesign Music 2",
        b"Qclp" => "Qualcomm PureVoice",
        b".mp3" | b"ms\0U" => "MP3",
        _ => return Codec::Unknown,
    })
}

/// The codec of a format of CAF.
pub(super) fn of_caf(kind: [u8; 4]) -> Codec {
    match &kind {
        b"alac" | b"aac " | b"flac" | b"ima4" | b".mp1" | b".mp2" | b".mp3" => Codec::Decoded,
        b"aach" | b"aacp" => Codec::Named("HE-AAC"),
        b"aacl" | b"aace" => Codec::Named("AAC-LD"),
        b"opus" => Codec::Named("Opus"),
        b"ac-3" => Codec::Named("AC-3"),
        b"ec-3" => Codec::Named("Enhanced AC-3"),
        b"samr" | b"sawb" => Codec::Named("AMR"),
        b"ilbc" => Codec::Named("iLBC"),
        b"ms\0\x02" => Codec::Named("Microsoft ADPCM"),
        b"ms\0\x11" => Codec::Named("IMA ADPCM"),
        b"ms\0\x31" => Codec::Named("GSM 6.10"),
        _ => of_aifc(kind),
    }
}
