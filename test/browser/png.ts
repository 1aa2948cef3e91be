import { crc32, deflateSync, inflateSync } from 'node:zlib';

/* A browser's screenshots have far more colours than a picture of a page needs. */

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const COLOURS = 256;

interface Pixels {
  width: number;
  height: number;
  /** 0xrrggbb */
  colours: Uint32Array;
}

/** The same picture with 256 colours, in about a third of the bytes. */
export function withPalette(png: Buffer): Buffer {
  const { width, height, colours } = decode(png);
  const counts = new Map<number, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!).slice(0, COLOURS);
  const indexOf = new Map([...counts.keys()].map((colour) => [colour, nearestIndex(colour, palette)]));
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = indexOf.get(colours[y * width + x]!)!;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 255, colour & 255];

function nearestIndex(colour: number, palette: number[]): number {
  const [r, g, b] = channels(colour);
  const distances = palette.map((other) => {
    const [r2, g2, b2] = channels(other);
    return (r - r2) ** 2 + (g - g2) ** 2 + (b - b2) ** 2;
  });
  return distances.indexOf(Math.min(...distances));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** 8 bits a channel, not interlaced: as browsers write it. */
function decode(png: Buffer): Pixels {
  const parts: Buffer[] = [];
  for (let at = SIGNATURE.length; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(data);
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const size = png[25] === 6 ? 4 : 3;
  const stride = width * size;
  const raw = inflateSync(Buffer.concat(parts));
  const bytes = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let i = 0; i < stride; i++) {
      const left = i < size ? 0 : bytes[y * stride + i - size]!;
      const up = y === 0 ? 0 : bytes[(y - 1) * stride + i]!;
      const corner = i < size || y === 0 ? 0 : bytes[(y - 1) * stride + i - size]!;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      bytes[y * stride + i] = raw[y * (stride + 1) + 1 + i]! + guess;
    }
  }
  const colours = Uint32Array.from({ length: width * height }, (_, i) => bytes.readUIntBE(i * size, 3));
  return { width, height, colours };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
