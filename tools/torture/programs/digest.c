/* CRC-32 by bits and by table, Adler-32, MD5: shifts, rotations, tables, byte order. */
#include "torture.h"

static uint8_t data[4096];
static uint32_t table[256];

static uint32_t crc_bits(const uint8_t *bytes, size_t length)
{
    uint32_t crc = ~0u;
    while (length--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
    }
    return ~crc;
}

static uint32_t crc_table(const uint8_t *bytes, size_t length)
{
    uint32_t crc = ~0u;
    while (length--) crc = table[(crc ^ *bytes++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

static uint32_t adler(const uint8_t *bytes, size_t length)
{
    uint32_t a = 1, b = 0;
    while (length--) {
        a = (a + *bytes++) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* RFC 1321, section 3.4; the constants are floor(2^32 * abs(sin(i + 1))), computed by the build (sines.h). */
static const uint32_t sines[64] = {
#include "sines.h"
};
static const uint8_t turns[16] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};

static void md5_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t x[16], a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 16; i++)
        x[i] = block[4 * i] | block[4 * i + 1] << 8 | block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
    for (int i = 0; i < 64; i++) {
        uint32_t f;
        int k;
        switch (i / 16) {
        case 0: f = (b & c) | (~b & d); k = i; break;
        case 1: f = (d & b) | (~d & c); k = (5 * i + 1) & 15; break;
        case 2: f = b ^ c ^ d; k = (3 * i + 5) & 15; break;
        default: f = c ^ (b | ~d); k = (7 * i) & 15; break;
        }
        uint32_t sum = a + f + x[k] + sines[i];
        int turn = turns[(i / 16) * 4 + (i & 3)];
        a = d;
        d = c;
        c = b;
        b += sum << turn | sum >> (32 - turn);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static void md5(const uint8_t *bytes, size_t length)
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    uint8_t tail[128] = {0};
    size_t whole = length & ~(size_t)63, rest = length & 63;
    for (size_t at = 0; at < whole; at += 64) md5_block(state, bytes + at);
    for (size_t i = 0; i < rest; i++) tail[i] = bytes[whole + i];
    tail[rest] = 0x80;
    size_t end = rest < 56 ? 64 : 128;
    for (int i = 0; i < 4; i++) tail[end - 8 + i] = (uint8_t)((length * 8) >> (8 * i));
    for (size_t at = 0; at < end; at += 64) md5_block(state, tail + at);
    for (int i = 0; i < 4; i++) result(state[i]);
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7 + (i >> 8));
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
        table[i] = crc;
    }
    /* The host checks these three against its own. */
    result(crc_bits(data, sizeof data));
    md5(data, sizeof data);
    result(adler(data, sizeof data));
    for (int i = 0; i < 40; i++) {
        size_t from = random_word() % 1000, length = random_word() % 600;
        result(crc_table(data + from, length));
        result(crc_bits(data + from, length) ^ crc_table(data + from, length));
        md5(data + from, length);
    }
    return 0;
}
