// node check.mjs femto_wasm.wasm scalar,simd128: fails unless exactly these levels agree with the committed hashes.
import { readFileSync } from "node:fs";

const [file, wanted] = process.argv.slice(2);
let memory;
let ok = true;
const seen = [];
const text = (at, length) => new TextDecoder().decode(new Uint8Array(memory.buffer, at, length));
const hex = (hash) => BigInt.asUintN(64, hash).toString(16).padStart(16, "0");

const imports = {
  env: {
    mismatch(at, length, committed, found) {
      console.log(`${text(at, length)}: committed ${hex(committed)}, found ${hex(found)}`);
      ok = false;
    },
    level(at, length, agree, all) {
      seen.push(text(at, length));
      console.log(`${seen.at(-1)} unfused: ${agree} of ${all} hashes agree`);
      ok &&= agree === all && all > 0;
    },
  },
};
const { instance } = await WebAssembly.instantiate(readFileSync(file), imports);
memory = instance.exports.memory;
instance.exports.check_all();
if (seen.join() !== wanted) {
  console.log(`levels ${seen.join()} instead of ${wanted}`);
  ok = false;
}
process.exit(ok ? 0 : 1);
