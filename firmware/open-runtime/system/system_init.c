/* SPDX-License-Identifier: MIT */
/* What this part wants to do before app_main(), called by the kernel in the main task. */
#include <stdlib.h>

#include "partition_table.h"

void runtime_system_init(void);

void runtime_system_init(void)
{
    if (!partition_table_load()) {
        abort();
    }
}
