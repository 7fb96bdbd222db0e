"use strict";
// Draws faces: the same as models/faces/engine.py and random.py, to the last bit.
// A plain script; it gives faceModel, FaceEngine, faceNoise and faceValue.

// The description of a model (FaceModel.for_page in models/faces/weights.py) and its weights, half-precision
// numbers in base64 -> the same with `weights`, a Float32Array. Throws if the weights are damaged.
function faceModel(description, base64) {
  const damaged = () => new Error("The weights of the faces are damaged.");
  let bytes;
  try {
    bytes = faceBytes(base64);
  } catch {
    throw damaged();
  }
  const { size, channels, features, noise, attributes, digest } = description;
  const named = attributes.map(({ name, values }) => ({ name, values }));
  const text = JSON.stringify({ size, channels, features, noise, attributes: named });
  if (bytes.length % 2 || faceDigest(new TextEncoder().encode(text + "\n"), bytes) !== digest) throw damaged();
  return { ...description, weights: faceHalves(bytes) };
}

// Draws with a model and the program of models/faces/kernel.py for its shape.
class FaceEngine {
  static MOST = 16; // faces at once; all lengths are as in models/faces/plan.py
  static BLOCK = 8;
  static OUT_CHANNELS = 16;

  constructor(model, kernelBytes) {
    this.model = model;
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(kernelBytes)).exports;
    this.floats = new Float32Array(this.exports.memory.buffer);
    const { placements, placed } = this.exports;
    const table = new Int32Array(this.exports.memory.buffer, placements.value, 5 * placed.value);
    for (let row = 0; row < table.length; row += 5) this.#place(...table.subarray(row, row + 5));
  }

  // inputs: Float32Array (n, asked): noise, then the weights of the values of each attribute, as they are blended
  // -> Uint8ClampedArray (n, size, size, 4), RGBA
  draw(inputs, n) {
    const { asked, size } = this.model, pixels = new Uint8ClampedArray(n * size * size * 4);
    for (let start = 0; start < n; start += FaceEngine.MOST) {
      const faces = Math.min(FaceEngine.MOST, n - start);
      for (let face = 0; face < faces; face++) {
        const from = (start + face) * asked, row = Math.ceil(asked / 4) * 4;
        this.floats.set(inputs.subarray(from, from + asked), this.exports.inputs.value / 4 + face * row);
      }
      this.exports.draw(faces);
      this.#read(pixels.subarray(start * size * size * 4), faces);
    }
    return pixels;
  }

  // Each pixel of the last map is four of the picture.
  #read(pixels, faces) {
    const { floats } = this, { size } = this.model, side = size / 2;
    let from = this.exports.out.value / 4;
    for (let row = 0; row < faces * side; row++) {
      for (let column = 0; column < side; column++, from += FaceEngine.OUT_CHANNELS) {
        for (let part = 0; part < 4; part++) {
          const to = 4 * ((2 * row + (part >> 1)) * size + 2 * column + (part & 1)), colours = from + 3 * part;
          for (let colour = 0; colour < 3; colour++) pixels[to + colour] = floats[colours + colour] * 127.5 + 127.5;
          pixels[to + 3] = 255;
        }
      }
    }
  }

  // Puts weights into memory as the program reads them: see Form in models/faces/plan.py.
  #place(form, start, depth, channels, address) {
    const weights = this.model.weights.subarray(start), area = depth * channels, to = address / 4;
    if (form === 0) this.floats.set(weights.subarray(0, channels), to);
    if (form === 1) this.#putMatrix(weights, depth, channels, to);
    if (form === 2) {
      const nine = faceDoubling(weights, area);
      for (let i = 0; i < 9; i++) this.#putMatrix(nine.subarray(i * area), depth, channels, to + i * area);
    }
  }

  // (depth, channels) -> (channels / BLOCK, depth, BLOCK), padded with the zeros that are there
  #putMatrix(matrix, depth, channels, to) {
    const { floats } = this, padded = Math.ceil(depth / 4) * 4, { BLOCK } = FaceEngine;
    for (let block = 0; block < channels; block += BLOCK) {
      const width = Math.min(BLOCK, channels - block);
      for (let row = 0, put = to + block * padded; row < depth; row++, put += BLOCK) {
        const from = row * channels + block;
        for (let i = 0; i < width; i++) floats[put + i] = matrix[from + i];
      }
    }
  }
}

// (3, 3, area) -> (3, 3, area): along each axis (a, b, c) becomes (-a, a + b + c, c)
function faceDoubling(weights, area) {
  const nine = new Float32Array(9 * area);
  for (let i = 0; i < area; i++) {
    for (let x = 0; x < 3; x++) {
      // a row of the result is made of columns: first the sums along y, then those along x
      const column = k => {
        const a = weights[k * area + i], b = weights[(3 + k) * area + i], c = weights[(6 + k) * area + i];
        return x === 0 ? -a : x === 1 ? a + b + c : c;
      };
      const a = column(0), b = column(1), c = column(2), to = 3 * x * area + i;
      nine[to] = -a;
      nine[to + area] = a + b + c;
      nine[to + 2 * area] = c;
    }
  }
  return nine;
}

// The noise of a face; stream 1 is the second noise, of the style.
function faceNoise(seed, face, stream = 0, numbers = 100) {
  const noise = new Float32Array(Math.ceil(numbers / 4) * 4);
  for (let i = 0; i < noise.length; i += 4) {
    const u = faceBlock(seed, face, stream, i / 4).map(number => (number + 0.5) / 2 ** 32);
    for (let pair = 0; pair < 4; pair += 2) {
      const radius = Math.sqrt(-2 * Math.log(u[pair])), angle = 2 * Math.PI * u[pair + 1];
      noise[i + pair] = radius * Math.cos(angle);
      noise[i + pair + 1] = radius * Math.sin(angle);
    }
  }
  return noise.subarray(0, numbers);
}

// The number of the value of an attribute, which has `count` values.
function faceValue(seed, face, attribute, count) {
  return Math.floor(faceBlock(seed, face, 2, attribute)[0] * count / 2 ** 32);
}

// Four numbers of 32 bits by the hash pcg4d; see models/faces/random.py.
function faceBlock(...inputs) {
  let [x, y, z, w] = inputs.map(entry => Math.imul(entry, 1664525) + 1013904223 | 0);
  for (let turn = 0; turn < 2; turn++) {
    if (turn) [x, y, z, w] = [x, y, z, w].map(entry => entry ^ entry >>> 16);
    x = x + Math.imul(y, w) | 0;
    y = y + Math.imul(z, x) | 0;
    z = z + Math.imul(x, y) | 0;
    w = w + Math.imul(y, z) | 0;
  }
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

function faceBytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// Half-precision numbers, little-endian, without infinities -> Float32Array
function faceHalves(bytes) {
  const out = new Float32Array(bytes.length / 2), words = new Uint32Array(out.buffer);
  for (let i = 0; i < out.length; i++) {
    const half = bytes[2 * i] | bytes[2 * i + 1] << 8;
    words[i] = (half & 0x8000) << 16 | (half & 0x7fff) << 13;
  }
  for (let i = 0; i < out.length; i++) out[i] *= 2 ** 112; // the exponents count from 127 instead of 15
  return out;
}

// The first 16 digits of the SHA-256 (FIPS 180-4) of some bytes and some more. The browser's own is missing where a
// page is served over plain HTTP, and answers later.
function faceDigest(head, tail) {
  const length = head.length + tail.length, padded = new Uint8Array(Math.ceil((length + 9) / 64) * 64);
  padded.set(head);
  padded.set(tail, head.length);
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, length / 2 ** 29);
  view.setUint32(padded.length - 4, length << 3);
  const { constants, state } = faceDigestStart(), words = new Int32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getInt32(at + 4 * t);
    faceDigestBlock(state, words, constants);
  }
  return [state[0], state[1]].map(word => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function faceDigestBlock(state, words, constants) {
  for (let t = 16; t < 64; t++) {
    const u = words[t - 15], v = words[t - 2];
    const s0 = (u >>> 7 | u << 25) ^ (u >>> 18 | u << 14) ^ u >>> 3;
    const s1 = (v >>> 17 | v << 15) ^ (v >>> 19 | v << 13) ^ v >>> 10;
    words[t] = words[t - 16] + s0 + words[t - 7] + s1 | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let t = 0; t < 64; t++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const one = h + s1 + (e & f ^ ~e & g) + constants[t] + words[t] | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const two = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

// The fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8.
function faceDigestStart() {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every(prime => n % prime)) primes.push(n);
  const bits = root => root % 1 * 2 ** 32 | 0;
  return {
    constants: Int32Array.from(primes, prime => bits(Math.cbrt(prime))),
    state: Int32Array.from(primes.slice(0, 8), prime => bits(Math.sqrt(prime))),
  };
}
