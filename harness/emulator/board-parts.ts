import {
  ANALOG_I2C_BASE,
  DPORT_BASE,
  GPIO_BASE,
  I2S_BASE,
  INTERRUPT,
  IOMUX_BASE,
  RTC_BASE,
  SLC_BASE,
  SPI0_BASE,
  SPI1_BASE,
  TIMER_BASE,
  UART0_BASE,
  UART1_BASE,
  WATCHDOG_BASE,
  WDEV_BASE,
  WDEV_SIZE,
} from '../chip/esp8266';
import type { BoardConfig } from './board-config';
import type { Cpu } from './cpu/cpu';
import type { EventQueue } from './event-queue';
import type { Bus } from './memory/bus';
import { FlashCache } from './memory/flash-cache';
import type { GuestMemory } from './memory/guest-memory';
import {
  AnalogI2c,
  ClockTree,
  createIomux,
  createRadioBlocks,
  Dport,
  efuseFromMac,
  Gpio,
  Rng,
  Rtc,
  shareIrq,
  StorageBlock,
  TimerBlock,
  Uart,
  Watchdog,
  type Peripheral,
  type PeripheralContext,
} from './peripherals';
import { FlashChip } from './peripherals/flash-chip';
import { SpiController } from './peripherals/spi-controller';
import { REG } from './cpu/registers';
import { GuestDma, WifiMac } from './wifi';

/** What the parts tell the board. */
export interface BoardEvents {
  readonly transmitted: (uart: 0 | 1, byte: number, baud: number, atTicks: number) => void;
  readonly softwareReset: () => void;
  readonly watchdogReset: () => void;
  readonly sleepChanged: () => void;
  readonly deepSleepWake: () => void;
  readonly pinChanged: (pin: number, level: boolean, driven: boolean) => void;
  readonly radioVanished: () => void;
}

const PAGE = 0x100;

/** Everything on the board but CPU and memory, built first and wired afterwards. */
export interface BoardParts {
  readonly clocks: ClockTree;
  readonly rng: Rng;
  readonly flash: FlashChip;
  readonly cache: FlashCache;
  readonly dport: Dport;
  readonly uart0: Uart;
  readonly uart1: Uart;
  readonly spi0: SpiController;
  readonly gpio: Gpio;
  readonly rtc: Rtc;
  readonly watchdog: Watchdog;
  readonly wifi: WifiMac;
  /** All register blocks, in the order in which they are reset and saved. */
  readonly blocks: readonly Peripheral[];
}

export function buildParts(
  config: BoardConfig,
  memory: GuestMemory,
  cpu: Cpu,
  bus: Bus,
  queue: EventQueue,
  events: BoardEvents,
): BoardParts {
  const clocks = new ClockTree({ crystalHz: config.crystalHz });
  const context: PeripheralContext = { scheduler: queue, clocks };
  const rng = new Rng(config.seed);
  const line = (number: number) => (asserted: boolean) => cpu.setInterruptLine(number, asserted);

  const flash = new FlashChip({
    content: memory.flash,
    scheduler: queue,
    timing: config.flashTiming,
    seed: config.seed,
  });
  const [spi0Irq, spi1Irq] = shareIrq(line(INTERRUPT.SPI), 2) as [
    ReturnType<typeof line>,
    ReturnType<typeof line>,
  ];
  const busTiming = config.flashTiming === 'silicon' ? 'clocked' : 'instant';
  const spi0 = new SpiController({ ...context, name: 'spi0', device: flash, busTiming });
  const spi1 = new SpiController({ ...context, name: 'spi1', busTiming });
  let spiCause = 0;
  spi0.onIrq = (asserted) => {
    spiCause = asserted ? spiCause | (1 << 4) : spiCause & ~(1 << 4);
    spi0Irq(asserted);
  };
  spi1.onIrq = (asserted) => {
    spiCause = asserted ? spiCause | (1 << 7) : spiCause & ~(1 << 7);
    spi1Irq(asserted);
  };
  const cache = new FlashCache({ flashSizeBytes: memory.flashSizeBytes, isFetchable: () => spi0.fetchable });
  spi0.onAhbChange = (enabled) => cache.setAhbEnabled(enabled);

  const [uart0Irq, uart1Irq] = shareIrq(line(INTERRUPT.UART), 2) as [
    ReturnType<typeof line>,
    ReturnType<typeof line>,
  ];
  const uartConfig = {
    garbleOnBaudMismatch: config.garbleOnBaudMismatch,
    instantTx: config.instantTx,
    inputQueueBytes: config.inputQueueBytes,
    fastWire: config.fastWire,
  };
  const uart = (number: 0 | 1, irq: (asserted: boolean) => void): Uart =>
    new Uart(
      context,
      { irq, onTransmit: (byte, baud, atTicks) => events.transmitted(number, byte, baud, atTicks) },
      { name: number === 0 ? 'uart0' : 'uart1', ...uartConfig },
    );
  const uart0 = uart(0, uart0Irq);
  const uart1 = uart(1, uart1Irq);

  const gpio = new Gpio(
    context,
    { irq: line(INTERRUPT.GPIO), onOutput: (pin, level, driven) => events.pinChanged(pin, level, driven) },
    config.gpio,
  );
  const rtc = new Rtc(
    context,
    {
      irq: line(INTERRUPT.RTC),
      onSoftwareReset: () => events.softwareReset(),
      onLightSleep: () => events.sleepChanged(),
      onDeepSleep: () => events.sleepChanged(),
      onDeepSleepWake: () => events.deepSleepWake(),
      onGpio16: (level, driven) => events.pinChanged(16, level, driven),
    },
    { wakeWired: config.wakeWired },
  );
  const wifi = new WifiMac(context, {
    irq: line(INTERRUPT.NMI),
    inHandler: () => cpu.regs[REG.IN_NMI] !== 0,
    dma: new GuestDma(memory.region('dram')),
    rng,
    onVanished: () => events.radioVanished(),
  });
  const analog = new AnalogI2c({
    onPllRegister: (register, value) => {
      if (register === 1) clocks.setPllRegister1(value);
    },
    onMacReset: () => wifi.clearByRestart(),
  });
  const watchdog: Watchdog = new Watchdog(context, {
    irq: line(INTERRUPT.WATCHDOG),
    edgeEnabled: () => dport.watchdogEdgeEnabled,
    onStage2Reset: () => events.watchdogReset(),
  });
  const dport: Dport = new Dport(
    {
      cache,
      onNmiEnable: (enabled) => wifi.setNmiGate(enabled),
      onCpuDoubled: (doubled) => clocks.setCpuDoubled(doubled),
      onWatchdogClockGated: (gated) => watchdog.setClockGated(gated),
      onPeripheralReset: () => undefined,
      onCacheBanks: (value) => {
        bus.setCacheBanks((value & 0x10) !== 0, (value & 0x08) !== 0);
        cpu.codeTable.cacheBanksChanged();
      },
      onUart0Swapped: () => undefined,
      spiInterruptCause: () => spiCause,
    },
    { efuse: efuseFromMac(config.mac) },
  );
  const timer = new TimerBlock(context, {
    frc1: { irq: line(INTERRUPT.FRC1), edgeEnabled: () => dport.frc1EdgeEnabled },
    frc2: { irq: line(INTERRUPT.FRC2), edgeEnabled: () => dport.frc2EdgeEnabled },
  });
  const iomux = createIomux();
  const i2s = new StorageBlock({ name: 'i2s', sizeBytes: PAGE });
  const slc = new StorageBlock({ name: 'slc', sizeBytes: PAGE });

  bus.attach(dport, DPORT_BASE, PAGE);
  bus.attach(wifi, WDEV_BASE, WDEV_SIZE);
  bus.attach(uart0, UART0_BASE, PAGE);
  bus.attach(spi1, SPI1_BASE, PAGE);
  bus.attach(spi0, SPI0_BASE, PAGE);
  bus.attach(gpio, GPIO_BASE, PAGE);
  bus.attach(timer, TIMER_BASE, PAGE);
  bus.attach(rtc, RTC_BASE, PAGE);
  bus.attach(iomux, IOMUX_BASE, PAGE);
  bus.attach(watchdog, WATCHDOG_BASE, PAGE);
  bus.attach(slc, SLC_BASE, PAGE);
  bus.attach(analog, ANALOG_I2C_BASE, PAGE);
  bus.attach(i2s, I2S_BASE, PAGE);
  bus.attach(uart1, UART1_BASE, PAGE);
  const radio = createRadioBlocks();
  for (const { addr, block } of radio) bus.attach(block, addr, block.sizeBytes);
  bus.attachFlashWindow(cache);
  queue.register(flash.alarm);
  queue.register(spi0.alarm);
  queue.register(spi1.alarm);

  return {
    clocks,
    rng,
    flash,
    cache,
    dport,
    uart0,
    uart1,
    spi0,
    gpio,
    rtc,
    watchdog,
    wifi,
    blocks: [
      ...[dport, analog, wifi, uart0, uart1, spi0, spi1, gpio, timer, rtc, iomux, watchdog, i2s, slc],
      ...radio.map(({ block }) => block),
    ],
  };
}
