/* SPDX-License-Identifier: MIT */
/* sse-ota-tests CONTRACT: runs all host tests; CONTRACT is docs/dut-contract.md. */
#include <stdio.h>

#include "check.h"
#include "tests.h"
#include "vectors.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s docs/dut-contract.md\n", argv[0]);
        return 2;
    }
    vectors_file(argv[1]);
    test_text();
    test_log();
    test_image();
    test_request();
    test_server();
    test_upload();
    test_events();
    return check_end();
}
