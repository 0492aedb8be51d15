/*
 * What a process that has started gives back to the kernel.
 */
#ifndef BNC_LIB_MEMORY_H
#define BNC_LIB_MEMORY_H

/*
 * Takes the pages of program and libraries out of this process.  Most were looked at
 * once, by the dynamic loader and the libraries' own beginnings; those that work needs
 * come back from the page cache, a fault for each 16.  Once, after the start: what a
 * tracer has put into such pages (a uprobe, a breakpoint) goes with them.
 */
void bnc_memory_drop_start(void);

#endif
