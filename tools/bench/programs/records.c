/* What small programs are made of: records, calls through pointers, strings, comparisons, a switch, short loops. */
#include "../../torture/programs/torture.h"

#define ROUNDS 120000

enum colour { RED, GREEN, BLUE, GREY };

struct record {
    struct record *next;
    enum colour colour;
    int32_t number;
    char name[28];
};

static struct record pool[2];
static int32_t grid[20][20];
static uint32_t counts[4];

static int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a - *b;
}

static void name(char *out, const char *text)
{
    while ((*out++ = *text++)) {
    }
}

static __attribute__((noinline)) enum colour next_colour(enum colour colour, int32_t number)
{
    switch (colour) {
    case RED: return number > 100 ? GREEN : BLUE;
    case GREEN: return number & 4 ? GREY : RED;
    case BLUE: return GREEN;
    default: return number & 1 ? RED : BLUE;
    }
}

static __attribute__((noinline)) void step(struct record *record, int32_t *sum)
{
    struct record *other = record->next;
    *other = *record;
    other->next = record;
    other->number = record->number * 3 + *sum;
    other->colour = next_colour(record->colour, other->number & 0xff);
    counts[other->colour]++;
    *sum += other->number >> 3;
}

static __attribute__((noinline)) void fill(int32_t row, int32_t column, int32_t value)
{
    for (int32_t i = row; i <= row + 1; i++) grid[i][column] = value;
    grid[row + 5][column] = grid[row][column] + 7;
}

int main(void)
{
    static const char *const names[] = {"SOME STRING, FIRST", "SOME STRING, OTHER", "SOMETHING ELSE"};
    pool[0].next = &pool[1];
    pool[1].next = &pool[0];
    int32_t sum = 1;
    uint32_t equal = 0;
    struct record *record = &pool[0];
    for (int32_t round = 0; round < ROUNDS; round++) {
        name(record->name, names[round % 3]);
        step(record, &sum);
        record = record->next;
        if (compare(record->name, names[(round + 1) % 3]) < 0) equal++;
        fill(round & 7, (round >> 3) & 15, sum);
        sum += grid[(round & 7) + 5][(round >> 3) & 15] & 15;
    }
    result((uint32_t)sum);
    result(equal);
    for (int i = 0; i < 4; i++) result(counts[i]);
    return 0;
}
