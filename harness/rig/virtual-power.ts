import type { FlashPowerCut } from '../emulator/peripherals/flash-operation';
import type { BoardThread } from '../host/board-thread';
import type { BrokenOnce } from './broken-once';
import type { RigPower } from './running-rig';

interface PowerHooks {
  readonly tell: (name: string, data: Readonly<Record<string, unknown>>) => void;
  /** The board is about to start. */
  readonly starts: () => void;
}

/** Power of an emulated board: off and on without delay, and gone at a chosen flash operation. */
export function virtualPower(
  thread: BoardThread,
  broken: BrokenOnce,
  { tell, starts }: PowerHooks,
): RigPower {
  const off: RigPower['off'] = (deadline) =>
    broken.guard('switch off', async () => {
      await deadline.wait(thread.act('power-off'), 'power to go');
      tell('power', { text: 'off', lane: 'power' });
    });
  const on: RigPower['on'] = (deadline) =>
    broken.guard('switch on', async () => {
      starts();
      await deadline.wait(thread.act('power-on'), 'power to come');
      tell('power', { text: 'on', lane: 'power' });
    });
  return {
    off,
    on,
    cycle: async (deadline) => {
      await off(deadline);
      await on(deadline);
    },
    armCut: (request, deadline) =>
      broken.guard('arm a power cut', async () => {
        let stop: () => void = () => undefined;
        const cut = new Promise<FlashPowerCut>((resolve) => {
          stop = thread.listen({
            powerCut: (message) => {
              stop();
              tell('power', { text: 'cut within a flash operation', lane: 'power', cut: message.cut });
              resolve(message.cut);
            },
          });
        });
        try {
          await deadline.wait(thread.act('arm-power-cut', request), 'the power cut to be armed');
        } catch (error) {
          stop();
          throw error;
        }
        return { whenCut: (limit) => limit.wait(cut, 'flash operation at which power is to go') };
      }),
    flashOperations: (deadline) =>
      broken.guard('count flash operations', async () => {
        const status = await deadline.wait(thread.act('status'), 'the state of the board');
        return status.flashOperations;
      }),
  };
}
