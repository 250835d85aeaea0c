import type { BoardRecipes, ResetStep } from '../device/reset-recipes';
import type { BoardConfig } from '../emulator/board-config';
import type { BoardAirOptions } from '../host/air';
import type { RigPlan } from './rig-plan';

/** EN has no capacitor to speak of: a reset takes milliseconds of this machine's time, too. */
const LINE_SETTLE_MICROS = 500;
const EN_LOW: ResetStep = { set: { dtr: false, rts: true }, pins: 'EN low: held in reset' };
const GPIO0_LOW: ResetStep = { set: { dtr: true, rts: false }, pins: 'EN rises while GPIO0 is low: loader' };
const NEITHER: ResetStep = { set: { dtr: false, rts: false }, pins: 'EN high, GPIO0 high' };

/** The usual steps with the waits of an emulated board. */
export const VIRTUAL_RECIPES: BoardRecipes = {
  loader: [
    {
      name: 'virtual-loader',
      target: 'loader',
      about: 'two-transistor circuit, quick',
      needsLinesAtOnce: false,
      steps: [EN_LOW, { waitMs: 4 }, GPIO0_LOW, { waitMs: 12 }, NEITHER],
    },
  ],
  app: [
    {
      name: 'virtual-app',
      target: 'app',
      about: 'reset with GPIO0 high, quick',
      needsLinesAtOnce: false,
      steps: [EN_LOW, { waitMs: 4 }, NEITHER],
    },
  ],
};

export function boardConfigOf({ flashSizeBytes, mac, description }: RigPlan): Partial<BoardConfig> {
  const { seed = 1, flashTiming = 'fast', lenient = false } = description.virtual ?? {};
  return {
    ...{ flashSizeBytes, seed, flashTiming, lenient },
    mac: mac.split(':').map((octet) => parseInt(octet, 16)),
    fastWire: true,
    lineSettleMicros: LINE_SETTLE_MICROS,
  };
}

/** Who is on the air: an access point that the firmware is told to join, or a station that joins the firmware's own. */
export function boardAirOf(plan: RigPlan): BoardAirOptions {
  const wantsPcap = plan.capabilities.has('pcap');
  const { ssid, passphrase } = plan.settings;
  return {
    ...(ssid === undefined ? { peer: 'station' as const } : { peer: 'access-point' as const, ssid }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(wantsPcap && plan.pcapFile !== undefined ? { pcapFile: plan.pcapFile } : {}),
    capture: wantsPcap,
    seed: plan.description.virtual?.seed ?? 1,
    forwards: [{ hostPort: 0, devicePort: plan.devicePort }],
  };
}
