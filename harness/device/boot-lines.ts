import type { BootLogEvent } from '../protocol/boot-log';

/** Tags of the SDK's second-stage bootloader: ESP8266_RTOS_SDK components/bootloader_support. */
const BOOTLOADER_TAGS: ReadonlySet<string> = new Set([
  'boot',
  'boot_comm',
  'bootloader_common',
  'bootloader_flash',
  'bootloader_mmap',
  'esp_image',
  'flash_parts',
  'qio_mode',
]);

/** A line that the boot ROM or the boot loader prints, before any app. */
export function isBootLine(event: BootLogEvent): boolean {
  return event.kind === 'log' ? BOOTLOADER_TAGS.has(event.tag) : event.kind !== 'text';
}
