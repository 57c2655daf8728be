//! The checksum of a section: CRC-32 of MPEG-2 (polynomial 0x04C11DB7, not reflected).

/// Returns the checksum of `bytes`; over a whole section with its checksum it is 0.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        let [top, ..] = crc.to_be_bytes();
        (crc << 8) ^ TABLE[usize::from(top ^ byte)]
    })
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    let mut seed: u32 = 0;
    while index < table.len() {
        let mut value = seed;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 == 0 { value << 1 } else { (value << 1) ^ 0x04C1_1DB7 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
        seed = seed.wrapping_add(1 << 24);
    }
    table
};
