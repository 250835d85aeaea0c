/* A process of its own that opens a rig and says how far it is; for tests that kill it. Argument: the rig file. */
import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import { EventBus } from '../../core/events';
import { openRig } from '../open-rig';
import { readRigFile } from '../rig-file';

async function main(file: string): Promise<void> {
  const clock = new RealClock();
  const bus = new EventBus(clock);
  bus.on(
    ({ data }) =>
      console.log(`progress: ${String(data['phase'])} ${String(data['name'])} ${String(data['doneBytes'])}`),
    {
      name: 'flash-progress',
    },
  );
  using deadline = new Deadline({ clock, budgetMs: 120_000, phase: 'open', blame: 'rig' });
  await openRig(readRigFile(file), { leaseOwner: 'a run that is killed', clock, bus, deadline });
  console.log('open');
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  console.log(String(error));
  process.exitCode = 3;
});
