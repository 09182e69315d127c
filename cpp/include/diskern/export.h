#ifndef DISKERN_EXPORT_H
#define DISKERN_EXPORT_H

/* What a shared build of the library shows; everything else is hidden. */
#if defined(__GNUC__)
#define DISKERN_EXPORT __attribute__((visibility("default")))
#else
#define DISKERN_EXPORT
#endif

#endif
