import type { Console } from '../device/console';
import { ROM_BAUD } from '../device/reset';
import type { BrokenOnce } from './broken-once';
import type { LastingLink } from './lasting-link';
import type { PowerSwitch } from './power-switch';
import type { RigPower } from './running-rig';

interface PowerHooks {
  readonly tell: (name: string, data: Readonly<Record<string, unknown>>) => void;
  readonly starts: () => void;
  /** The adapter came back after the board: banner and address may have been said to nobody. */
  readonly missed: () => void;
}

/** Power of a board on a bench. Its adapter may vanish with it; the console goes on as one. */
export function physicalPower(
  power: PowerSwitch,
  link: LastingLink,
  console: Console,
  broken: BrokenOnce,
  { tell, starts, missed }: PowerHooks,
): RigPower {
  let isOff = false;
  const listen = async (): Promise<void> => {
    starts();
    // What comes first when power does is the boot ROM.
    await console.setBaud(ROM_BAUD);
    console.allowResets(1);
  };
  const off: RigPower['off'] = (deadline) =>
    broken.guard('switch off', async () => {
      link.expectPowerCut();
      isOff = true;
      await power.set('off', deadline);
      tell('power', { text: `off (${power.about})`, lane: 'power' });
    });
  const on: RigPower['on'] = (deadline) =>
    broken.guard('switch on', async () => {
      if (!isOff) return;
      await listen();
      await power.set('on', deadline);
      if (await link.resume(deadline)) missed();
      isOff = false;
      tell('power', { text: `on (${power.about})`, lane: 'power' });
    });
  const cycle: RigPower['cycle'] = async (deadline) => {
    const inOne = power.cycle;
    if (inOne === undefined || isOff) {
      await off(deadline);
      await deadline.sleep(power.offMs, 'the capacitors to empty');
      await on(deadline);
      return;
    }
    await broken.guard('cycle power', async () => {
      link.expectPowerCut();
      await listen();
      await inOne(deadline);
      if (await link.resume(deadline)) missed();
      tell('power', { text: 'off and on', lane: 'power' });
    });
  };
  return { off, on, cycle };
}
