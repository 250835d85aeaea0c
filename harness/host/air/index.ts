/** The ties between an emulated board's air and this machine. */
export type { BoardAirEvent, BoardAirOptions, BoardAirStatus, ForwardStatus } from './air-options';
export { BoardAir } from './board-air';
export type { NatRule } from './nat';
export type { ForwardOptions } from './tcp-forward';
