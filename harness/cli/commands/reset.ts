import type { Command } from 'commander';
import { Option } from 'commander';
import { RigError } from '../../core/errors';
import { connectLoader } from '../../device/connect-loader';
import { notifyOn } from '../../device/notify';
import { resetIntoApp } from '../../device/reset';
import { recipesFor } from '../../device/reset-recipes';
import type { ResetTarget } from '../../device/reset-recipes';
import { rigValue, withSerialWork } from '../serial-command';
import { serialTarget, withSerialOptions, type SerialOptions } from '../serial-target';

/** Adds `esprig reset`. */
export function register(program: Command): void {
  withSerialOptions(program.command('reset'), 30)
    .description('reset the board into its app or its serial loader, and check that it is there')
    .addOption(
      new Option('--into <where>', 'where the chip should land').choices(['app', 'loader']).default('app'),
    )
    .addHelpText('after', '\nExample: npx esprig reset --rig bench-1')
    .action(async (options: SerialOptions & { into: ResetTarget }) => {
      const target = await serialTarget('reset', options);
      await withSerialWork(target, options, async ({ link, deadline, bus, out }) => {
        const { recipes } = target;
        const notify = notifyOn(bus);
        if (options.into === 'loader') {
          const baud = target.baud ?? 115_200;
          using session = await connectLoader({ link, board: recipes, baud, notify }, deadline);
          out.line('the chip is in its serial loader and answers');
          out.value({ ...rigValue(target), into: 'loader', loader: session.kind });
          return;
        }
        const [recipe] = recipesFor(recipes, 'app', link);
        if (recipe === undefined) {
          throw new RigError(
            'ESPRIG_RIG_CANNOT',
            `reset on ${link.path}: this link or circuit cannot reset the board`,
            {
              hint: 'Press the RESET button, or connect through a link that carries DTR and RTS.',
            },
          );
        }
        const banner = await resetIntoApp(link, recipe, deadline, notify);
        out.line(
          `the chip boots from flash (reset cause ${banner.resetCause}, boot mode ${banner.bootMode})`,
        );
        out.value({ ...rigValue(target), into: 'app', ...banner });
      });
    });
}
