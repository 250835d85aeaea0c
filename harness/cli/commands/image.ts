import type { Command } from 'commander';
import { readFile, writeFile } from 'node:fs/promises';
import { isEsprigError, ProtocolError, UsageError } from '../../core/errors';
import { inspectFlashDump } from '../../protocol/flash-dump';
import { inspectImage, type ImageInfo } from '../../protocol/image';
import { explainDump, explainImage } from '../../protocol/image-explain';
import { IMAGE_KINDS } from '../../protocol/image-lab/kinds';
import { labSlots, makeImage, type MadeImage } from '../../protocol/image-lab/make';
import { layoutByName, LAYOUTS, type Layout } from '../../protocol/layouts';
import { appSlots, otaSlots } from '../../protocol/partition-table';
import { checkForSlot } from '../../protocol/slots';
import { parseWholeNumber, setVerdict } from '../esprig';
import type { Output } from '../output';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';

const LAYOUT_HELP = `partition layout: ${LAYOUTS.map((layout) => layout.name).join(', ')}`;

const EXAMPLES = `
Examples:
  npx esprig image info build/firmware/one-mb/ota_0.bin --layout one-mb
  npx esprig image make other-slot app.bin -o wrong.bin`;

/** Adds `esprig image` with `info`, `make` and `kinds`. */
export function register(program: Command): void {
  const image = program
    .command('image')
    .description('look into an image; make a bad one')
    .addHelpText('after', EXAMPLES);
  image
    .command('info')
    .description('explain an image or a dump of a whole flash; exit 1 if something is wrong or nothing boots')
    .argument('<file>', 'image, or flash dump')
    .option('--layout <name>', `${LAYOUT_HELP}; tells which of its slots the image may serve`)
    .option(...jsonOption('one JSON value'))
    .option(...QUIET_OPTION)
    .action((file: string, options: InfoOptions) => info(file, options));
  image
    .command('make')
    .description('make an image of a kind from a good one')
    .argument('<kind>', 'see `esprig image kinds`')
    .argument('<file>', 'a good image')
    .requiredOption('-o, --output <file>', 'where to write the made image')
    .option('--at <n>', 'the place, for kinds that have one', parseWholeNumber('--at', 0, 0xffffffff))
    .option('--seed <n>', 'for kinds that choose by chance', parseWholeNumber('--seed', 0, 0xffffffff), 1)
    .option('--layout <name>', `${LAYOUT_HELP}; by default the first with a slot for the image`)
    .option('--slot <label>', 'slot of the layout; by default the first that takes the image')
    .option(...jsonOption('one JSON value'))
    .option(...QUIET_OPTION)
    .action((kind: string, file: string, options: MakeOptions) => make(kind, file, options));
  image
    .command('kinds')
    .description('list the kinds of image that can be made, and what the device answers to each')
    .option(...jsonOption('one JSON value a kind'))
    .option(...QUIET_OPTION)
    .action((options: OutputFlags) => kinds(outputFor(options)));
}

interface InfoOptions extends OutputFlags {
  readonly layout?: string;
}

async function info(file: string, options: InfoOptions): Promise<void> {
  const out = outputFor(options);
  const layout = options.layout === undefined ? undefined : layoutByName(options.layout);
  const bytes = await readImageFile(file);
  const image = inspectImage(bytes);
  if (image.looksLike.name === 'flash-dump') {
    infoOfDump(file, bytes, out);
    return;
  }
  const slots = layout === undefined ? undefined : slotVerdicts(bytes, layout);
  out.value({ file, ...image, layout: layout?.name, slots });
  if (image.kind === 'not-an-image') {
    const why = image.problems[0]?.text ?? 'unknown';
    throw new ProtocolError('ESPRIG_IMAGE_BAD', `${file} is no ESP8266 image: ${why}`, {
      blame: 'case',
      hint: `It looks like ${image.looksLike.text}.`,
    });
  }
  if (!out.json) out.result(explainImage(bytes, layout).trimEnd());
  const serves = slots?.some((slot) => slot.ok) ?? true;
  if (image.problems.some(({ code }) => code !== 'trailing-bytes') || !serves) setVerdict(1);
}

function infoOfDump(file: string, bytes: Uint8Array, out: Output): void {
  const dump = inspectFlashDump(bytes);
  out.value({ file, kind: 'flash-dump', fileBytes: bytes.length, ...dump });
  if (!out.json) out.result(explainDump(dump).trimEnd());
  const isSound = (image: ImageInfo | undefined) =>
    image?.problems.every(({ code }) => code === 'trailing-bytes') ?? true;
  const isGood =
    dump.bootPartition !== undefined &&
    dump.tableComplaints.length === 0 &&
    isSound(dump.bootloader) &&
    dump.apps.every(({ image, complaint }) => isSound(image) && complaint === undefined);
  if (!isGood) setVerdict(1);
}

function slotVerdicts(bytes: Uint8Array, layout: Layout) {
  return appSlots(layout.partitions).map(({ label, offset, sizeBytes }) => ({
    label,
    offset,
    sizeBytes,
    ...checkForSlot(bytes, { label, offset, sizeBytes }),
  }));
}

interface MakeOptions extends OutputFlags {
  readonly output: string;
  readonly at?: number;
  readonly seed: number;
  readonly layout?: string;
  readonly slot?: string;
}

async function make(kindName: string, file: string, options: MakeOptions): Promise<void> {
  const out = outputFor(options);
  const good = await readImageFile(file);
  const place = placeFor(good, file, options);
  const made = makeFor(place, options.layout === undefined, () =>
    makeImage(kindName, { good, at: options.at, seed: options.seed, ...place }),
  );
  await writeImageFile(options.output, made.bytes);
  const verdict = checkForSlot(made.bytes, place.slot);
  out.value({
    file: options.output,
    kind: made.kind.name,
    bytes: made.bytes.length,
    layout: place.layout,
    slot: place.slot.label,
    expected: made.expected,
    detail: verdict.ok ? undefined : verdict.detail,
    boot: made.boot,
    note: made.note,
  });
  if (out.json) return;
  const chosen = made.note === '' ? '' : ` (${made.note})`;
  out.line(`${options.output}: ${made.bytes.length} bytes, ${made.kind.text}${chosen}`);
  out.line(`  for ${place.slot.label} of ${place.layout} the device answers: ${expectedText(made)}`);
  if (!verdict.ok) out.line(`  because: ${verdict.detail}`);
  out.line(`  the bootloader: ${bootText(made)}`);
}

/** Layout and slot that were named, or the first that takes the image. */
function placeFor(good: Uint8Array, file: string, options: MakeOptions) {
  const layouts = options.layout === undefined ? LAYOUTS : [layoutByName(options.layout)];
  for (const { name, partitions } of layouts) {
    for (const slot of otaSlots(partitions)) {
      if (options.slot !== undefined && options.slot !== slot.label) continue;
      // A slot that was named in full is taken as it is: the laboratory then says what is wrong.
      const isNamed = options.layout !== undefined && options.slot !== undefined;
      if (isNamed || checkForSlot(good, slot).ok) return { layout: name, ...labSlots(name, slot.label) };
    }
  }
  const image = inspectImage(good);
  const why = image.problems[0]?.text ?? 'it is linked for no slot of them';
  throw new UsageError('ESPRIG_USAGE', `${file} is good for no slot of ${layoutList(layouts)}: ${why}`, {
    hint:
      image.kind === 'not-an-image'
        ? `Start from a good image; this looks like ${image.looksLike.text}.`
        : `Start from a good image; \`esprig image info ${file}\` tells what this one is.`,
  });
}

/** What cannot be made is told of a slot that nobody may have named. */
function makeFor(
  { layout, slot }: { readonly layout: string; readonly slot: { readonly label: string } },
  isOurChoice: boolean,
  work: () => MadeImage,
): MadeImage {
  try {
    return work();
  } catch (error) {
    if (!isOurChoice || !isEsprigError(error) || error.hint !== undefined) throw error;
    const chosen = `It was to be for ${slot.label} of ${layout}, the first that takes the image; --layout names another.`;
    throw new UsageError(error.code, error.message, { cause: error, blame: error.blame, hint: chosen });
  }
}

function layoutList(layouts: readonly Layout[]): string {
  return layouts.length === 1 ? `layout ${layouts[0]!.name}` : 'any layout';
}

function kinds(out: Output): void {
  const width = Math.max(...IMAGE_KINDS.map((kind) => kind.name.length));
  let group = '';
  for (const kind of IMAGE_KINDS) {
    out.value(kind);
    if (out.json) continue;
    if (kind.group !== group) {
      out.result(`${group === '' ? '' : '\n'}${kind.group}`);
      ({ group } = kind);
    }
    const at = kind.at === undefined ? '' : `; --at: ${kind.at}`;
    out.result(`  ${kind.name.padEnd(width)}  ${answerText(kind.refusal).padEnd(26)}  ${kind.text}${at}`);
  }
  if (!out.json) {
    out.result('\nThe second column is what the device answers; (early) = before anything is erased.');
  }
}

function answerText(refusal: (typeof IMAGE_KINDS)[number]['refusal']): string {
  if (typeof refusal === 'string') return refusal;
  return `${refusal.error}${refusal.moment === 'before-erase' ? ' (early)' : ''}`;
}

function expectedText(made: MadeImage): string {
  if (made.expected === 'accepted') return 'accepted';
  const when = made.expected.moment === 'before-erase' ? 'before anything is erased' : 'at verification';
  return `${made.expected.error}, ${when}`;
}

function bootText(made: MadeImage): string {
  if (made.boot === 'refused') return 'refuses to start it';
  return made.boot === 'starts' ? 'starts it' : 'starts it, and it crashes';
}

async function readImageFile(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw fileError(file, 'read', error);
  }
}

async function writeImageFile(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw fileError(file, 'written', error);
  }
}

function fileError(file: string, done: string, error: unknown): UsageError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    { ENOENT: 'there is no such file or folder', EISDIR: 'it is a folder', EACCES: 'it may not be' }[
      code ?? ''
    ] ?? (error as Error).message;
  return new UsageError('ESPRIG_USAGE_FILE', `${file} cannot be ${done}: ${why}`, { cause: error });
}
