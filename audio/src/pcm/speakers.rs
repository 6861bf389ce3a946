//! Speakers of CAF and AIFC: the `chan` chunk, as the mask of WAVE_FORMAT_EXTENSIBLE.

use super::bytes::{Fields, Order};

/// Bits of a mask that mean speakers.
pub(super) const SPEAKERS: u32 = 0x0003_ffff;

/// Bytes of the chunk that hold the speakers of as many channels as a mask can name.
pub(super) const CHUNK: usize = 12 + 20 * 18;

/// Returns the mask that a `chan` chunk describes, or 0 where a mask cannot: it knows one order of channels, and 18
/// positions.
pub(super) fn mask(chunk: &[u8], channels: usize) -> u32 {
    /// The chunk gives one description per channel.
    const DESCRIPTIONS: u32 = 0;
    /// The chunk gives a mask, with the bits of WAVE_FORMAT_EXTENSIBLE.
    const BITMAP: u32 = 1 << 16;
    let mut fields = Fields::new(Order::Big, chunk);
    if chunk.len() < 12 {
        return 0;
    }
    let (tag, bitmap, descriptions) = (fields.u32(), fields.u32(), fields.u32());
    let mask = match tag {
        DESCRIPTIONS if usize::try_from(descriptions) == Ok(channels) => described(&mut fields, channels),
        BITMAP => bitmap & SPEAKERS,
        // Layouts in the order of a mask: the low half is the number of channels.
        0x0064_0001 => 0x4,               // mono
        0x0065_0002 | 0x0066_0002 => 0x3, // stereo
        0x006c_0004 => 0x33,              // quadraphonic
        0x0071_0003 => 0x7,               // MPEG 3.0 A: L R C
        0x0073_0004 => 0x107,             // MPEG 4.0 A: L R C Cs
        0x0075_0005 => 0x37,              // MPEG 5.0 A: L R C Ls Rs
        0x0079_0006 => 0x3f,              // MPEG 5.1 A: L R C LFE Ls Rs
        0x007d_0007 => 0x13f,             // MPEG 6.1 A: L R C LFE Ls Rs Cs
        0x007e_0008 => 0xff,              // MPEG 7.1 A: L R C LFE Ls Rs Lc Rc
        0x0085_0003 => 0xb,               // DVD 4: L R LFE
        0x0088_0004 => 0xf,               // DVD 10: L R C LFE
        _ => 0,
    };
    if mask.count_ones() as usize == channels { mask } else { 0 }
}

/// The mask of descriptions whose labels are speakers of a mask in its order.
fn described(fields: &mut Fields<'_>, channels: usize) -> u32 {
    let mut mask = 0_u32;
    for _ in 0..channels {
        let label = fields.u32();
        // Flags and three coordinates.
        fields.take(16);
        // Labels count from 1.
        let bit = match label {
            1..=18 => 1 << (label - 1),
            _ => return 0,
        };
        if bit <= mask {
            return 0;
        }
        mask |= bit;
    }
    mask
}
