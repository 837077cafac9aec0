/* Linked into what ThreadSanitizer looks at (SCRIPTS/sanitize), tells it of locks that were waited for. A Mutex of the
   module Synchronization takes a free lock within our own code, where the sanitizer sees it; one that is taken is waited for in a library
   of Swift's, which is not instrumented: without this, it would take what comes after for a race. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

extern void __tsan_acquire(void *lock) __attribute__((weak));
extern void __tsan_release(void *lock) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void wait_for(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool try_to_take(SELF) __asm__(TRY);
SWIFT void wake_others(SELF) __asm__(UNLOCK);

SWIFT void wait_for(uint32_t thread, SELF) {
  SWIFT void (*wait)(uint32_t, SELF) = (SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK);
  wait(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_to_take(SELF) {
  SWIFT bool (*try)(SELF) = (SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY);
  bool is_taken = try(self);
  if (is_taken && __tsan_acquire) __tsan_acquire(self);
  return is_taken;
}

SWIFT void wake_others(SELF) {
  SWIFT void (*wake)(SELF) = (SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK);
  if (__tsan_release) __tsan_release(self);
  wake(self);
}

/* The compiler also tells of each variable that is lent as inout. Of one without a size, as SystemRandom is, it tells an
   address of no meaning, where the sanitizer then finds races, or faults. What is really read and written it sees. */
void __wrap___tsan_external_write(void *address, void *caller, void *tag) {
  (void)address, (void)caller, (void)tag;
}

void __wrap___tsan_external_read(void *address, void *caller, void *tag) {
  (void)address, (void)caller, (void)tag;
}
