#define _GNU_SOURCE /* dl_iterate_phdr */
#include "lib/memory.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Segments that were never writable hold no bytes but those of the file: all others may.
 */
static int
drop_pages(struct dl_phdr_info *object, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0) {
            uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
            uintptr_t end = begin + segment->p_memsz;
            begin &= ~(page - 1);
            (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
        }
    }
    return 0;
}

void
bnc_memory_drop_start(void)
{
    (void)dl_iterate_phdr(drop_pages, NULL);
}
