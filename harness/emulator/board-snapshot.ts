import type { BoardParts } from './board-parts';
import { AIR_ALARM } from './air';
import type { Cpu } from './cpu/cpu';
import type { CpuState } from './cpu/cpu-time';
import { REGISTER_WORDS } from './cpu/registers';
import type { EventQueue, EventQueueState } from './event-queue';
import { EmulatorFault } from './fault';
import type { Bus } from './memory/bus';
import type { GuestMemory } from './memory/guest-memory';
import { SavedFields, type SavedState } from './peripherals';

/** A whole board at one moment: named fields, structured-clonable. */
export interface BoardSnapshot {
  readonly version: 1;
  readonly flashSizeBytes: number;
  readonly memories: Readonly<Record<'registers' | 'dram' | 'iram' | 'rtc' | 'flash', Uint8Array>>;
  readonly cpu: CpuState;
  readonly queue: EventQueueState;
  readonly peripherals: Readonly<Record<string, SavedState>>;
  readonly board: SavedState;
}

/** All of a board that has a state, but for the board itself. */
export interface BoardInsides {
  readonly memory: GuestMemory;
  readonly cpu: Cpu;
  readonly bus: Bus;
  readonly queue: EventQueue;
  readonly parts: BoardParts;
}

/** DPORT+0x24, bits 4 and 3: the flash cache has taken IRAM bank 1, bank 2 (dport.ts). */
const SPI_CACHE_RAM = 0x24;
const TAKES_BANK_1 = 0x10;
const TAKES_BANK_2 = 0x08;

export function takeSnapshot({ memory, cpu, queue, parts }: BoardInsides, board: SavedState): BoardSnapshot {
  const peripherals: Record<string, SavedState> = {};
  for (const block of parts.blocks) peripherals[block.name] = block.save();
  peripherals['flash-chip'] = parts.flash.save();
  peripherals['flash-cache'] = parts.cache.save();
  peripherals['clocks'] = parts.clocks.save();
  peripherals['rng'] = parts.rng.save();
  return {
    version: 1,
    flashSizeBytes: memory.flashSizeBytes,
    memories: {
      registers: memory.bytes.slice(0, REGISTER_WORDS * 4),
      dram: memory.region('dram').slice(),
      iram: memory.region('iram').slice(),
      rtc: memory.region('rtc').slice(),
      flash: memory.flash.slice(),
    },
    cpu: cpu.save(),
    queue: withoutAir(queue.save()),
    peripherals,
    board,
  };
}

/** Puts everything back but the board's own fields, which it returns. @throws EmulatorFault `ESPRIG_EMU_SNAPSHOT` */
export function restoreSnapshot(
  { memory, cpu, bus, queue, parts }: BoardInsides,
  snapshot: BoardSnapshot,
): SavedFields {
  if (snapshot.version !== 1) refuse(`of version ${String(snapshot.version)}; this is 1`);
  if (snapshot.flashSizeBytes !== memory.flashSizeBytes) {
    refuse(
      `of a board with ${snapshot.flashSizeBytes} bytes of flash; this one has ${memory.flashSizeBytes}`,
    );
  }
  const stateOf = (name: string): SavedState => snapshot.peripherals[name] ?? refuse(`without ${name}`);
  parts.clocks.restore(stateOf('clocks'));
  parts.rng.restore(stateOf('rng'));
  for (const block of parts.blocks) block.restore(stateOf(block.name));
  parts.flash.restore(stateOf('flash-chip'));
  parts.cache.restore(stateOf('flash-cache'));
  // Last, for what the parts did to interrupt lines and alarms while they were restored is not the truth.
  for (const name of ['dram', 'iram', 'rtc', 'flash'] as const) {
    const region = memory.region(name);
    const saved = snapshot.memories[name];
    if (saved.length !== region.length) refuse(`whose memory ${name} has ${saved.length} bytes`);
    region.set(saved);
  }
  memory.bytes.set(snapshot.memories.registers, 0);
  cpu.restore(snapshot.cpu);
  queue.restore(snapshot.queue);
  const taken = parts.dport.read32(SPI_CACHE_RAM);
  bus.setCacheBanks((taken & TAKES_BANK_1) !== 0, (taken & TAKES_BANK_2) !== 0);
  return new SavedFields('board', snapshot.board, 1);
}

function refuse(why: string): never {
  throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', `snapshot ${why}`);
}

/** The air is no part of a snapshot, so neither is its alarm. */
function withoutAir(state: EventQueueState): EventQueueState {
  const alarms = Object.fromEntries(Object.entries(state.alarms).filter(([name]) => name !== AIR_ALARM));
  return { ...state, alarms };
}
