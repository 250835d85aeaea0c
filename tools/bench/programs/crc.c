/* CRC-32 by table over a buffer in DRAM: loads, shifts, exclusive or, one short loop. */
#include "../../torture/programs/torture.h"

#define ROUNDS 700

static uint8_t data[16384];
static uint32_t table[256];

int main(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
        table[i] = crc;
    }
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)random_word();
    uint32_t crc = ~0u;
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof data; i++) crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    result(~crc);
    return 0;
}
