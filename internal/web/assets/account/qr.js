// QR codes of ISO/IEC 18004, drawn here so that the secret in one goes nowhere. Bytes alone,
// at error correction M: a fifteenth of the picture may be unreadable.

// For each version from 1 on: correcting bytes in a block, and how many blocks there are.
const correcting = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28];
const blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49];

const masks = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => x * y % 2 + x * y % 3,
  (x, y) => (x * y % 2 + x * y % 3) % 2, (x, y) => ((x + y) % 2 + x * y % 3) % 2,
];

// code is an SVG image of a text, black on white with the margin that readers need.
export function code(text, name) {
  const dark = matrix(new TextEncoder().encode(text));
  const side = dark.length + 8;
  const make = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const d = dark.flatMap((row, y) => row.map((on, x) => on ? `M${x + 4} ${y + 4}h1v1h-1z` : "")).join("");
  const image = make("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": name, "shape-rendering": "crispEdges" });
  image.append(make("rect", { width: side, height: side, fill: "#fff" }), make("path", { d, fill: "#000" }));
  return image;
}

// matrix says of each module whether it is dark, row by row.
export function matrix(bytes) {
  const version = versionFor(bytes.length);
  const frame = drawFrame(version);
  place(frame, interleave(version, encode(version, bytes)));
  let best;
  for (let mask = 0; mask < masks.length; mask++) {
    const tried = masked(frame, version, mask);
    const score = penalty(tried);
    if (!best || score < best.score) best = { tried, score };
  }
  return best.tried;
}

const sizeOf = (version) => 17 + 4 * version;

// rawBytes is the room for data and correction in a version.
function rawBytes(version) {
  let bits = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const marks = Math.floor(version / 7) + 2;
    bits -= (25 * marks - 10) * marks - 55;
    if (version >= 7) bits -= 36;
  }
  return Math.floor(bits / 8);
}

const dataBytes = (version) => rawBytes(version) - correcting[version - 1] * blocks[version - 1];
const lengthBits = (version) => version < 10 ? 8 : 16;

function versionFor(length) {
  for (let version = 1; version <= 40; version++) {
    if (4 + lengthBits(version) + 8 * length <= 8 * dataBytes(version)) return version;
  }
  throw new RangeError("too long for a QR code");
}

function encode(version, bytes) {
  const bits = [];
  const put = (value, count) => { for (let i = count - 1; i >= 0; i--) bits.push(value >> i & 1); };
  put(4, 4); // bytes follow
  put(bytes.length, lengthBits(version));
  for (const byte of bytes) put(byte, 8);
  const room = 8 * dataBytes(version);
  put(0, Math.min(4, room - bits.length));
  put(0, (8 - bits.length % 8) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) put(pad, 8);
  return Array.from({ length: room / 8 }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8).join(""), 2));
}

// interleave shares the data out among blocks, the longer ones last, gives each its
// correcting bytes, and takes one byte of each in turn.
function interleave(version, data) {
  const count = blocks[version - 1], extra = correcting[version - 1];
  const short = Math.floor(data.length / count), long = data.length % count;
  const shares = [], corrections = [], factors = divisor(extra);
  for (let i = 0, at = 0; i < count; i++) {
    const share = data.slice(at, at += short + (i >= count - long ? 1 : 0));
    shares.push(share);
    corrections.push(remainder(share, factors));
  }
  const inTurn = (parts) => Array.from({ length: parts.at(-1).length }, (_, i) => parts.filter((p) => i < p.length).map((p) => p[i])).flat();
  return [...inTurn(shares), ...inTurn(corrections)];
}

// times multiplies in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1.
function times(a, b) {
  let product = 0;
  for (let i = 7; i >= 0; i--) product = product << 1 ^ (product >> 7) * 0x11d ^ (b >> i & 1) * a;
  return product;
}

function divisor(degree) {
  const factors = [...Array(degree - 1).fill(0), 1];
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) factors[j] = times(factors[j], root) ^ (factors[j + 1] ?? 0);
  }
  return factors;
}

function remainder(data, factors) {
  const rest = Array(factors.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    factors.forEach((f, i) => { rest[i] ^= times(f, factor); });
  }
  return rest;
}

// drawFrame draws what is the same in all codes of a version. What is still free for data is
// undefined.
function drawFrame(version) {
  const size = sizeOf(version);
  const rows = Array.from({ length: size }, () => Array(size));
  const set = (x, y, dark) => { if (rows[y] && x >= 0 && x < size) rows[y][x] = dark; };
  const square = (cx, cy, reach, light) => {
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) set(cx + x, cy + y, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
    }
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, [2, 4]);
  const centres = alignment(version), last = centres.length - 1;
  centres.forEach((x, i) => centres.forEach((y, j) => {
    const atFinder = i === 0 && j === 0 || i === 0 && j === last || i === last && j === 0;
    if (!atFinder) square(x, y, 2, [1]);
  }));
  drawFormat(set, size, 0);
  if (version >= 7) drawVersion(set, size, version);
  return rows;
}

function alignment(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => sizeOf(version) - 7 - (count - 2 - i) * step)];
}

// bch appends the bits that a sequence of its own is corrected by.
function bch(value, count, polynomial) {
  let rest = value;
  for (let i = 0; i < count; i++) rest = rest << 1 ^ (rest >> count - 1) * polynomial;
  return value << count | rest;
}

// drawFormat says twice which mask is on. Correction M has the number 0.
function drawFormat(set, size, mask) {
  const bits = bch(mask, 10, 0x537) ^ 0x5412;
  const bit = (i) => (bits >> i & 1) === 1;
  for (let i = 0; i < 15; i++) {
    if (i < 8) set(8, i < 6 ? i : i + 1, bit(i));
    else set(i === 8 ? 7 : 14 - i, 8, bit(i));
    if (i < 8) set(size - 1 - i, 8, bit(i));
    else set(8, size - 15 + i, bit(i));
  }
  set(8, size - 8, true);
}

function drawVersion(set, size, version) {
  const bits = bch(version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) {
    const a = size - 11 + i % 3, b = Math.floor(i / 3), dark = (bits >> i & 1) === 1;
    set(a, b, dark);
    set(b, a, dark);
  }
}

// place fills what is free, in pairs of columns from the right, up and down in turn, with
// 0 and 1 in place of true and false: these are what a mask may change.
function place(rows, bytes) {
  const size = rows.length;
  let at = 0;
  for (let right = size - 1, up = true; right >= 1; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let i = 0; i < size; i++) {
      const y = up ? size - 1 - i : i;
      for (const x of [right, right - 1]) {
        if (rows[y][x] !== undefined) continue;
        rows[y][x] = at < 8 * bytes.length ? bytes[at >> 3] >> 7 - at % 8 & 1 : 0;
        at++;
      }
    }
  }
}

function masked(frame, version, mask) {
  const rows = frame.map((row, y) => row.map((v, x) => typeof v === "boolean" ? v : (v === 1) !== (masks[mask](x, y) === 0)));
  drawFormat((x, y, dark) => { rows[y][x] = dark; }, sizeOf(version), mask);
  return rows;
}

// penalty is how hard a code is to read: long runs, squares, what looks like a corner, and
// too much of one colour.
function penalty(rows) {
  const size = rows.length;
  const lines = [...rows, ...rows.map((_, x) => rows.map((row) => row[x]))].map((line) => line.map(Number).join(""));
  let score = 0;
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) || []) score += run.length - 2;
    for (let i = 0; i + 11 <= size; i++) {
      if (["10111010000", "00001011101"].includes(line.slice(i, i + 11))) score += 40;
    }
  }
  let dark = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      dark += rows[y][x];
      if (y > 0 && x > 0 && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) score += 3;
    }
  }
  return score + Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size)) * 10;
}
