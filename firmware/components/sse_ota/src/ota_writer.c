/* SPDX-License-Identifier: MIT */
#include "ota_writer.h"

#include <string.h>

/* Read back in pieces of this size: stack. */
#define COMPARE_BYTES 64u

sse_ota_err_t sse_ota_writer_start(sse_ota_writer_t *writer, const sse_ota_port_t *port, const sse_ota_slot_t *slot,
                                   uint32_t announced_bytes, uint8_t *page, uint32_t page_bytes)
{
    memset(writer, 0, sizeof(*writer));
    writer->port = port;
    writer->slot = *slot;
    writer->page = page;
    writer->page_bytes = page_bytes;
    sse_ota_image_check_start(&writer->check, &writer->slot, announced_bytes, true);
    sse_ota_err_t err = sse_ota_image_length(announced_bytes, &writer->slot, &writer->check.detail);
    writer->check.verdict = err;
    return err;
}

static sse_ota_err_t flash_error(sse_ota_writer_t *writer, const char *format, uint32_t offset)
{
    writer->check.verdict = SSE_OTA_REFUSE_FLASH;
    writer->check.detail.format = format;
    writer->check.detail.first = writer->slot.flash_offset + offset;
    writer->check.detail.second = 0;
    return SSE_OTA_REFUSE_FLASH;
}

static sse_ota_err_t compare(sse_ota_writer_t *writer, uint32_t offset, uint32_t length)
{
    uint32_t words[COMPARE_BYTES / 4]; /* words, for the alignment */
    for (uint32_t done = 0; done < length; done += COMPARE_BYTES) {
        uint32_t size = length - done < COMPARE_BYTES ? length - done : COMPARE_BYTES;
        if (writer->port->read(writer->port->context, offset + done, words, size) != SSE_OTA_OK) {
            return flash_error(writer, "cannot read flash at %x", offset + done);
        }
        if (memcmp(words, writer->page + done, size) != 0) {
            return flash_error(writer, "flash at %x does not hold what was written", offset + done);
        }
    }
    return SSE_OTA_OK;
}

/* The page into the flash, padded to whole words with the value of erased flash. */
static sse_ota_err_t flush(sse_ota_writer_t *writer)
{
    const sse_ota_port_t *port = writer->port;
    uint32_t length = (writer->page_length + 3) & ~3u;
    uint32_t offset = writer->written_bytes;
    if (length == 0) {
        return SSE_OTA_OK;
    }
    memset(writer->page + writer->page_length, 0xff, length - writer->page_length);
    /* A page never reaches into a second sector: its size divides the sector's. */
    if (writer->erased_bytes < offset + length) {
        /* The boot loader does not look at the SHA-256: from the checksum byte on it would boot this, were it selected. */
        if (offset == 0 && port->keep_boot(port->context) != SSE_OTA_OK) {
            return flash_error(writer, "the running image could not be made the one to boot", 0);
        }
        if (port->erase_sector(port->context, writer->erased_bytes) != SSE_OTA_OK) {
            return flash_error(writer, "cannot erase flash at %x", writer->erased_bytes);
        }
        writer->erased_bytes += SSE_OTA_SECTOR_BYTES;
    }
    if (port->write(port->context, offset, writer->page, length) != SSE_OTA_OK) {
        return flash_error(writer, "cannot write flash at %x", offset);
    }
    sse_ota_err_t err = compare(writer, offset, length);
    writer->written_bytes += length;
    writer->page_length = 0;
    return err;
}

sse_ota_err_t sse_ota_writer_feed(sse_ota_writer_t *writer, const uint8_t *bytes, size_t length)
{
    /* Checked first: what is refused is not written. The first page is written only when it is full, or at the end. */
    sse_ota_err_t err = sse_ota_image_check_feed(&writer->check, bytes, length);
    if (err != SSE_OTA_OK) {
        return err;
    }
    writer->received_bytes += (uint32_t)length;
    while (length > 0) {
        size_t take = writer->page_bytes - writer->page_length;
        if (take > length) {
            take = length;
        }
        memcpy(writer->page + writer->page_length, bytes, take);
        writer->page_length += (uint32_t)take;
        bytes += take;
        length -= take;
        if (writer->page_length == writer->page_bytes) {
            err = flush(writer);
            if (err != SSE_OTA_OK) {
                return err;
            }
        }
    }
    return SSE_OTA_OK;
}

sse_ota_err_t sse_ota_writer_finish(sse_ota_writer_t *writer)
{
    sse_ota_err_t err = sse_ota_image_check_end(&writer->check);
    if (err != SSE_OTA_OK) {
        return err;
    }
    err = flush(writer);
    if (err != SSE_OTA_OK) {
        return err;
    }
    if (writer->port->set_boot(writer->port->context) != SSE_OTA_OK) {
        return flash_error(writer, "the image in flash at %x could not be made the one to boot", 0);
    }
    return SSE_OTA_OK;
}
