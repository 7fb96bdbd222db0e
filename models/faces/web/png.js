// Text inside PNG pictures: iTXt chunks, https://www.w3.org/TR/png-3/#11iTXt

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// Length, type, data and checksum.
function pngChunk(type, data) {
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  return chunk;
}

// A PNG with texts, {keyword: text}, right after its header, which always takes 33 bytes.
function withText(png, texts) {
  const chunks = Object.entries(texts)
    .filter(([, text]) => text)
    // keyword, end, not compressed, method 0, no language, no translated keyword
    .map(([keyword, text]) => pngChunk("iTXt", new TextEncoder().encode(`${keyword}\0\0\0\0\0${text}`)));
  return new Blob([png.subarray(0, 33), ...chunks, png.subarray(33)], { type: "image/png" });
}
