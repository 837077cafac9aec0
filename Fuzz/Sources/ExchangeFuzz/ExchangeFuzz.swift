import FuzzSupport

/// A file's way between two users, each end as a whole machine with its connection, its session and
/// its disk: the receiver before a sender who offers any list and sends whatever he likes, the
/// sender before such a receiver. The other end has the session and all keys.
///
/// Input: which end is tried, then what the other one does.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  if input.byte() % 3 == 2 {
    SenderBench.run(&input)
  } else {
    ReceiverBench.run(&input)
  }
  return 0
}
