import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRsp, type RspLink } from './rsp-client';

export interface Qemu extends AsyncDisposable {
  readonly rsp: RspLink;
  readonly version: string;
}

const PROGRAM = 'qemu-system-xtensa';
/** Registers in the `g` packet of the lx106 (measured): a0-a15 first, then PC. */
const PC_INDEX = 16;
const END_LIMIT_MS = 3000;

/** Why QEMU cannot be used here, in a phrase; undefined when it can. */
export function qemuMissing(): string | undefined {
  const help = spawnSync(PROGRAM, ['-cpu', 'help'], { encoding: 'utf8', timeout: 20_000 });
  if (help.error || help.status !== 0) return `${PROGRAM} is not installed (Debian: qemu-system-misc)`;
  return help.stdout.includes('lx106') ? undefined : `${PROGRAM} does not know the lx106`;
}

/**
 * A stopped machine `sim` with an LX106 and its GDB stub, on a unix socket in a directory of its own: no port can
 * clash. It dies with its parent where util-linux has setpriv, and after `limitSeconds` in any case.
 */
export async function startQemu(limitSeconds = 900): Promise<Qemu> {
  const version = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0] ?? '';
  const directory = mkdtempSync(join(tmpdir(), 'esprig-qemu-'));
  const socket = join(directory, 'gdb');
  const args = ['-M', 'sim', '-cpu', 'lx106', '-nographic', '-monitor', 'none', '-serial', 'none', '-S'];
  const gdb = ['-gdb', `unix:${socket},server=on,wait=off`];
  const tie = spawnSync('setpriv', ['--version']).error ? [] : ['setpriv', '--pdeathsig', 'KILL'];
  const bounded = ['timeout', '--signal=KILL', String(limitSeconds), ...tie, PROGRAM, ...args, ...gdb];
  const [command = 'timeout', ...rest] = [...tie, ...bounded];
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
    await ended;
    clearTimeout(forced);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const rsp = await openRsp(socket);
    return {
      rsp,
      version,
      async [Symbol.asyncDispose]() {
        rsp.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`${PROGRAM} did not start: ${complaint.trim() || 'no message'}`, { cause: error });
  }
}

/** Words of the `g` packet. */
export async function readRegisters(rsp: RspLink): Promise<Uint32Array> {
  const bytes = Buffer.from(await rsp.request('g'), 'hex');
  return Uint32Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readUInt32LE(i * 4));
}

/** The lx106 of QEMU has no register description, so `P` is refused: the whole packet goes back with another PC. */
export async function writePc(rsp: RspLink, addr: number): Promise<void> {
  const registers = Buffer.from(await rsp.request('g'), 'hex');
  registers.writeUInt32LE(addr >>> 0, PC_INDEX * 4);
  const reply = await rsp.request(`G${registers.toString('hex')}`);
  if (reply !== 'OK') throw new Error(`setting PC: ${reply}`);
}
