import type { IrqLine } from './peripheral';

/**
 * Several level sources on one interrupt input of the CPU (UART0 and UART1 share input 5): the output is asserted while
 * any source is. It keeps no state of its own in a snapshot: each source drives its line again when it is restored.
 */
export function shareIrq(output: IrqLine, sources: number): readonly IrqLine[] {
  let asserted = 0;
  return Array.from({ length: sources }, (_unused, index): IrqLine => {
    const mask = 1 << index;
    return (level) => {
      asserted = level ? asserted | mask : asserted & ~mask;
      output(asserted !== 0);
    };
  });
}
