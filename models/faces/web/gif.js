// A small GIF encoder: one palette for all pictures, https://www.w3.org/Graphics/GIF/spec-gif89a.txt

const GIF_COLOURS = 256;
const CODE_LIMIT = 4096; // of LZW: codes have at most 12 bits

// pictures: [{pixels: RGBA, delay: seconds}, ..]; returns the bytes of a film that repeats
function gif(pictures, width, height, comment) {
  const { palette, indexOf } = sharedPalette([...new Set(pictures.map(({ pixels }) => pixels))]);
  const compressed = new Map(); // a film that runs back shows each picture twice
  const parts = [
    ascii("GIF89a"), word(width), word(height), [0xf7, 0, 0], palette,
    [0x21, 0xff, 11], ascii("NETSCAPE2.0"), [3, 1], word(0), [0], // for ever
    [0x21, 0xfe], blocks(new TextEncoder().encode(comment)),
  ];
  for (const { pixels, delay } of pictures) {
    if (!compressed.has(pixels)) compressed.set(pixels, blocks(lzw(indices(pixels, indexOf))));
    parts.push([0x21, 0xf9, 4, 0], word(Math.round(delay * 100)), [0, 0]);
    parts.push([0x2c], word(0), word(0), word(width), word(height), [0, 8], compressed.get(pixels));
  }
  return new Blob([...parts, [0x3b]].map((part) => Uint8Array.from(part)), { type: "image/gif" });
}

function ascii(text) {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function word(number) {
  return [number & 255, number >> 8];
}

// Blocks of up to 255 bytes, each after its length, and an empty one at the end.
function blocks(bytes) {
  const out = new Uint8Array(bytes.length + Math.ceil(bytes.length / 255) + 1);
  for (let from = 0, to = 0; from < bytes.length; from += 255) {
    const block = bytes.subarray(from, from + 255);
    out[to] = block.length;
    out.set(block, to + 1);
    to += block.length + 1;
  }
  return out;
}

// ---- the palette: median cut (Heckbert 1982) over colours of 5 bits a channel

const bucketOf = (pixels, at) => ((pixels[at] >> 3) << 10) | ((pixels[at + 1] >> 3) << 5) | (pixels[at + 2] >> 3);

// Returns the palette, 768 bytes, and for each bucket of colours the index of its place in the palette.
function sharedPalette(images) {
  const sums = new Float64Array(4 * 32768); // red, green, blue, count of each bucket
  for (const pixels of images) {
    for (let at = 0; at < pixels.length; at += 4) {
      const bucket = 4 * bucketOf(pixels, at);
      for (let channel = 0; channel < 3; channel++) sums[bucket + channel] += pixels[at + channel];
      sums[bucket + 3]++;
    }
  }
  const buckets = Array.from({ length: 32768 }, (_, bucket) => bucket).filter((bucket) => sums[4 * bucket + 3]);
  const colours = buckets.map((bucket) => {
    const count = sums[4 * bucket + 3];
    return { bucket, count, rgb: [0, 1, 2].map((channel) => sums[4 * bucket + channel] / count) };
  });
  const palette = new Uint8Array(3 * GIF_COLOURS);
  const indexOf = new Uint8Array(32768);
  medianCut(colours).forEach((box, index) => {
    const count = box.reduce((sum, colour) => sum + colour.count, 0);
    for (let channel = 0; channel < 3; channel++) {
      const mean = box.reduce((sum, { rgb, count: weight }) => sum + rgb[channel] * weight, 0) / count;
      palette[3 * index + channel] = Math.round(mean);
    }
    for (const { bucket } of box) indexOf[bucket] = index;
  });
  return { palette, indexOf };
}

// Splits the box with the largest spread, along its longest side at the median, until there are enough of them.
function medianCut(colours) {
  const boxes = [measured(colours)];
  while (boxes.length < GIF_COLOURS) {
    const largest = boxes.reduce((best, box) => (box.spread > best.spread ? box : best));
    if (!largest.spread) break;
    const sorted = largest.colours.sort((a, b) => a.rgb[largest.channel] - b.rgb[largest.channel]);
    const half = sorted.reduce((sum, { count }) => sum + count, 0) / 2;
    let [cut, seen] = [1, sorted[0].count];
    while (cut < sorted.length - 1 && seen + sorted[cut].count <= half) seen += sorted[cut++].count;
    boxes.splice(boxes.indexOf(largest), 1, measured(sorted.slice(0, cut)), measured(sorted.slice(cut)));
  }
  return boxes.map((box) => box.colours);
}

function measured(colours) {
  const count = colours.reduce((sum, colour) => sum + colour.count, 0);
  const spreads = [0, 1, 2].map((channel) => {
    const mean = colours.reduce((sum, { rgb, count: weight }) => sum + rgb[channel] * weight, 0) / count;
    return colours.reduce((sum, { rgb, count: weight }) => sum + (rgb[channel] - mean) ** 2 * weight, 0);
  });
  const channel = spreads.indexOf(Math.max(...spreads));
  return { colours, channel, spread: colours.length > 1 ? spreads[channel] : 0 };
}

function indices(pixels, indexOf) {
  return Uint8Array.from({ length: pixels.length / 4 }, (_, pixel) => indexOf[bucketOf(pixels, 4 * pixel)]);
}

// ---- the compression of Lempel, Ziv and Welch, with codes of growing width

function lzw(symbols) {
  const [clear, end] = [256, 257];
  const out = new Uint8Array(2 * symbols.length + 16);
  const children = new Uint16Array(CODE_LIMIT * 256); // of each code, by the symbol that follows it
  let [length, bits, held, width, next] = [0, 0, 0, 9, 258];
  const write = (code) => {
    bits |= code << held;
    for (held += width; held >= 8; held -= 8) {
      out[length++] = bits & 255;
      bits >>>= 8;
    }
  };
  write(clear);
  let code = symbols[0];
  for (let i = 1; i < symbols.length; i++) {
    const at = code * 256 + symbols[i];
    if (children[at]) {
      code = children[at];
      continue;
    }
    write(code);
    if (next < CODE_LIMIT) {
      children[at] = next++;
      if (next - 1 === 1 << width) width++;
    } else {
      write(clear);
      children.fill(0);
      [width, next] = [9, 258];
    }
    code = symbols[i];
  }
  write(code);
  if (next === 1 << width && width < 12) width++; // as the reader does, which is one code ahead
  write(end);
  if (held) out[length++] = bits & 255;
  return out.subarray(0, length);
}
