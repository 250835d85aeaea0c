/**
 * A lease is a lock of the operating system (flock) on a descriptor that this process keeps open. It ends with the process,
 * however that ends; nothing is ever stale (docs/adr/0008). What the file says is for people, never authority.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { RigError } from '../core/errors';
import type { EventBus } from '../core/events';
import { tryLock, waitForLock } from './flock';

/** Who has a board, as it is told to others. */
export interface LeaseHolder {
  readonly pid: number;
  readonly user: string;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** What for: a command, a case. */
  readonly owner: string;
  /** The rig's name. */
  readonly rig: string;
}

export interface LeaseRequest {
  /** What is locked: a board by its MAC, a port by its real path. One name is one lock on this machine. */
  readonly names: readonly string[];
  readonly rig: string;
  readonly owner: string;
  /** Wait until it is free, as long as there is time; otherwise be refused at once. */
  readonly wait: boolean;
  readonly clock: Clock;
  readonly bus?: EventBus | undefined;
}

/** A board of one's own until it is disposed of, or the process ends. */
export class Lease implements Disposable {
  readonly names: readonly string[];
  readonly #descriptors: number[];

  constructor(names: readonly string[], descriptors: readonly number[]) {
    this.names = names;
    this.#descriptors = [...descriptors];
  }

  /** Tells those who are refused what the board is used for now. */
  tell(holder: LeaseHolder): void {
    for (const fd of this.#descriptors) writeHolder(fd, holder);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.splice(0)) {
      ftruncateSync(fd, 0);
      closeSync(fd);
    }
  }
}

/**
 * Takes all of the locks or none.
 * @throws RigError ESPRIG_RIG_LEASE_HELD with who holds it since when and what for; ESPRIG_RIG_LEASE_FAILED when the lock
 * cannot be used; ESPRIG_TOOL_MISSING without `flock`; DeadlineError when waiting took too long
 */
export async function takeLease(request: LeaseRequest, deadline: Deadline): Promise<Lease> {
  const taken: number[] = [];
  try {
    // In one order for everybody, so that two who want the same never wait for each other.
    for (const name of [...request.names].sort()) taken.push(await takeOne(name, request, deadline));
  } catch (error) {
    for (const fd of taken) closeSync(fd);
    throw error;
  }
  const lease = new Lease(request.names, taken);
  lease.tell(holderOf(request));
  request.bus?.emit('rig', 'leased', { lane: 'rig', text: `leased ${request.rig}`, names: request.names });
  return lease;
}

/** Who holds a lock now, as far as its text tells; undefined when it is free. */
export async function leaseHolder(name: string): Promise<LeaseHolder | 'unknown' | undefined> {
  const file = fileOf(name);
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDWR);
  } catch {
    return undefined;
  }
  try {
    if (await tryLock(fd, file, undefined)) return undefined;
    return readHolder(fd) ?? 'unknown';
  } finally {
    closeSync(fd);
  }
}

/** The name of a board's lock. */
export function boardLockName(mac: string): string {
  return `board-${mac.toLowerCase().replaceAll(':', '')}`;
}

/** The name of a port's lock: a device by its real path, a serial server by its address. */
export function portLockName(realPath: string): string {
  return `port-${realPath.replaceAll(/[^A-Za-z0-9.]+/g, '_')}`;
}

/** `process 4711 of jo on rack1, since 2026-11-22 21:04:11 UTC, for boot/cold.test.ts`. */
export function describeHolder(holder: LeaseHolder | 'unknown'): string {
  if (holder === 'unknown') return 'a process that has not said who it is';
  const { pid, user, host, sinceMs, owner } = holder;
  return `process ${pid} of ${user} on ${host}, since ${TIME.format(sinceMs)} UTC, for ${owner}`;
}

/** Swedes write dates as everybody can sort them. */
const TIME = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' });

async function takeOne(name: string, request: LeaseRequest, deadline: Deadline): Promise<number> {
  const file = fileOf(name);
  const fd = openLock(file);
  try {
    if (await tryLock(fd, file, deadline)) return fd;
    const holder = readHolder(fd) ?? 'unknown';
    if (!request.wait) {
      throw new RigError('ESPRIG_RIG_LEASE_HELD', `${request.rig} is taken by ${describeHolder(holder)}`, {
        hint: 'Wait for it (--wait), choose another rig, or end that process; its lease ends with it.',
      });
    }
    request.bus?.emit('rig', 'lease-waiting', {
      lane: 'rig',
      text: `${request.rig} is taken by ${describeHolder(holder)}; waiting`,
      holder,
    });
    await waitForLock(fd, file, deadline, () => describeHolder(readHolder(fd) ?? 'unknown'));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function holderOf({ rig, owner, clock }: LeaseRequest): LeaseHolder {
  return { pid: process.pid, user: userName(), host: hostname(), sinceMs: clock.wallTimeMs(), owner, rig };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? '?'}`;
  }
}

function writeHolder(fd: number, holder: LeaseHolder): void {
  const text = Buffer.from(`${JSON.stringify(holder)}\n`);
  ftruncateSync(fd, 0);
  writeSync(fd, text, 0, text.length, 0);
}

const MAX_HOLDER_BYTES = 4096;

function readHolder(fd: number): LeaseHolder | undefined {
  const bytes = Buffer.alloc(MAX_HOLDER_BYTES);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  try {
    const said = JSON.parse(bytes.toString('utf8', 0, length)) as Partial<LeaseHolder>;
    return typeof said.pid === 'number' && typeof said.owner === 'string' ? (said as LeaseHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** One folder for the whole machine, whoever the user is; `ESPRIG_LOCKS` names another. */
export function lockFolder(): string {
  const said = process.env['ESPRIG_LOCKS'];
  const folder = said !== undefined && said !== '' ? said : join(systemLocks(), 'esprig');
  try {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o1777);
  } catch {
    // Somebody else's folder; that it can be used is found out when a file in it is opened.
  }
  return folder;
}

function systemLocks(): string {
  try {
    accessSync('/run/lock', constants.W_OK);
    return '/run/lock';
  } catch {
    return tmpdir();
  }
}

function fileOf(name: string): string {
  return join(lockFolder(), `${name}.lock`);
}

function openLock(file: string): number {
  try {
    // First without creating: systems forbid O_CREAT on other users' files in folders that everybody may write to.
    return openSync(file, constants.O_RDWR);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw lockError(file, error);
  }
  try {
    const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666);
    chmodSync(file, 0o666);
    return fd;
  } catch (error) {
    throw lockError(file, error);
  }
}

function lockError(file: string, error: unknown): RigError {
  return new RigError(
    'ESPRIG_RIG_LEASE_FAILED',
    `the lock ${file} cannot be opened: ${(error as Error).message}`,
    {
      cause: error,
      hint: 'Everybody who uses boards here must be able to write it: chmod 666 on the file, 1777 on its folder.',
    },
  );
}
