/** The WiFi MAC of the chip: what the board and the host need of it. */
export { GuestDma } from './guest-dma';
export { WifiMac, type WifiCounts, type WifiMacWiring } from './wifi-mac';
