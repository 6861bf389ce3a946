//! Checksums of frames: CRC-8 of a header (polynomial x⁸ + x² + x + 1), CRC-16 of a frame (x¹⁶ + x¹⁵ + x² + 1).

/// Bytes that are checked at once.
const SLICES: usize = 16;

/// `CRC_16[i][byte]` is the checksum of a byte and `i` zeros behind it.
static CRC_16: [[u16; 256]; SLICES] = {
    let mut tables = [[0; 256]; SLICES];
    let mut byte = 0_u16;
    while byte < 256 {
        let mut crc = byte << 8;
        let mut zeros = 0;
        while zeros < SLICES {
            let mut bit = 0;
            while bit < 8 {
                crc = crc << 1 ^ if crc >> 15 == 1 { 0x8005 } else { 0 };
                bit += 1;
            }
            tables[zeros][byte as usize] = crc;
            zeros += 1;
        }
        byte += 1;
    }
    tables
};

/// False in fuzz targets, which change bytes and would find nothing but wrong checksums.
pub(super) const ARE_CHECKED: bool = !cfg!(fuzzing);

/// Checksum of a frame: 0 if its own checksum is at its end.
pub(super) fn crc_16(bytes: &[u8]) -> u16 {
    let (chunks, rest) = bytes.as_chunks::<SLICES>();
    let mut crc = 0_u16;
    for chunk in chunks {
        let [high, low] = crc.to_be_bytes();
        crc = CRC_16[15][usize::from(chunk[0] ^ high)] ^ CRC_16[14][usize::from(chunk[1] ^ low)];
        for i in 2..SLICES {
            crc ^= CRC_16[SLICES - 1 - i][usize::from(chunk[i])];
        }
    }
    rest.iter().fold(crc, |crc, &byte| {
        let [high, low] = crc.to_be_bytes();
        u16::from(low) << 8 ^ CRC_16[0][usize::from(high ^ byte)]
    })
}

/// Checksum of the header of a frame: 0 if its own checksum is at its end.
pub(super) fn crc_8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ byte, |crc, _| crc << 1 ^ if crc >> 7 == 1 { 7 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::{crc_8, crc_16};

    #[test]
    fn checksums_are_those_of_their_polynomials() {
        // The check values of CRC-8/SMBUS and CRC-16/UMTS.
        assert_eq!(crc_8(b"123456789"), 0xf4);
        assert_eq!(crc_16(b"123456789"), 0xfee8);
        let bytes: Vec<u8> = (0..100_u8).map(|byte| byte.wrapping_mul(37)).collect();
        for len in 0..bytes.len() {
            let crc = crc_16(&bytes[..len]).to_be_bytes();
            assert_eq!(crc_16(&[&bytes[..len], &crc].concat()), 0, "{len}");
        }
    }
}
