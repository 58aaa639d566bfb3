//! How the program copies memory: by the runtime's own call. The compiler's copies a
//! byte at a time here, which costs more for anything longer than a few words. (Filling
//! and comparing are better left to the compiler: most are short.)

use anchor_lang::pinocchio::syscalls::sol_memcpy_;

#[no_mangle]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    sol_memcpy_(to, from, bytes as u64);
    to
}
