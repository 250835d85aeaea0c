/* SPDX-License-Identifier: MIT */
#include "sse_frame.h"

#include <string.h>

#include "json_out.h"

const char *sse_ota_upload_status_text(sse_ota_upload_status_t status)
{
    static const char *const TEXTS[] = {"idle", "receiving", "verifying", "installed", "failed"};
    return TEXTS[status];
}

static void head(sse_ota_text_t *text, uint32_t id, const char *name)
{
    sse_ota_text_str(text, "id: ");
    sse_ota_text_u32(text, id);
    sse_ota_text_str(text, "\nevent: ");
    sse_ota_text_str(text, name);
    sse_ota_text_char(text, '\n');
}

void sse_ota_frame_open(sse_ota_text_t *text, uint32_t id, const char *name)
{
    head(text, id, name);
    sse_ota_text_str(text, "data: ");
}

void sse_ota_frame_close(sse_ota_text_t *text)
{
    sse_ota_text_str(text, "\n\n");
}

void sse_ota_frame_event(sse_ota_text_t *text, uint32_t id, const char *name, const char *data, size_t length)
{
    head(text, id, name);
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && data[i] != '\n' && data[i] != '\r') {
            continue;
        }
        sse_ota_text_str(text, "data: ");
        sse_ota_text_bytes(text, data + start, i - start);
        sse_ota_text_char(text, '\n');
        if (i + 1 < length && data[i] == '\r' && data[i + 1] == '\n') {
            i++;
        }
        start = i + 1;
    }
    sse_ota_text_char(text, '\n');
}

void sse_ota_frame_progress(sse_ota_text_t *text, uint32_t id, uint32_t percent, sse_ota_upload_status_t status,
                            const char *error)
{
    sse_ota_frame_open(text, id, "progress");
    sse_ota_json_open(text);
    sse_ota_json_u32(text, "progress", percent);
    sse_ota_json_str(text, "status", sse_ota_upload_status_text(status));
    if (error != NULL) {
        sse_ota_json_str(text, "error", error);
    }
    sse_ota_json_close(text);
    sse_ota_frame_close(text);
}

void sse_ota_frame_dropped(sse_ota_text_t *text, uint32_t id, uint32_t count)
{
    sse_ota_frame_open(text, id, "log");
    sse_ota_text_str(text, "\xe2\x80\xa6 "); /* … */
    sse_ota_text_u32(text, count);
    sse_ota_text_str(text, count == 1 ? " line dropped" : " lines dropped");
    sse_ota_frame_close(text);
}
