/* global document, DecompressionStream, Blob, Response */

/**
 * @typedef {object} Chunk a case's timeline in columns (report/page-data.ts), with times already added up
 * @property {number} fromMs
 * @property {number} toMs
 * @property {Float64Array} at milliseconds since `fromMs`
 * @property {number[]} lane
 * @property {number[]} name
 * @property {string[]} names
 * @property {string[]} text
 * @property {Record<number, string>} detail
 * @property {Record<number, number>} lengthMs
 * @property {number[]} console
 * @property {number[]} stream
 * @property {[number, number, string][]} progress
 * @property {[number, number][]} sent
 */

/** The run without its timelines. */
export function readRun() {
  return JSON.parse(document.getElementById('run')?.textContent ?? '{}');
}

/** @type {Map<string, Promise<Chunk | undefined>>} */
const loaded = new Map();

/**
 * Unpacks a timeline when it is asked for the first time.
 * @param {string} id of a case, or `between-<rig>`
 * @returns {Promise<Chunk | undefined>} undefined: nothing was recorded
 */
export function loadChunk(id) {
  const known = loaded.get(id);
  if (known !== undefined) return known;
  const packed = document.getElementById(`t-${id}`)?.textContent;
  const promise = packed ? unpack(packed) : Promise.resolve(undefined);
  loaded.set(id, promise);
  return promise;
}

/**
 * @param {string} packed
 * @returns {Promise<Chunk>}
 */
async function unpack(packed) {
  const bytes = Uint8Array.from(globalThis.atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const { deltaUs, ...columns } = await new Response(stream).json();
  const at = new Float64Array(deltaUs.length);
  let us = 0;
  for (let place = 0; place < at.length; place++) {
    us += deltaUs[place];
    at[place] = us / 1000;
  }
  return { ...columns, at };
}

/**
 * The first place whose time is not before `ms`.
 * @param {ArrayLike<number>} times rising
 * @param {number} ms
 */
export function firstNotBefore(times, ms) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
