import FuzzSupport

/// The KDC with a real directory behind it: raw messages, and messages whose plaintext is changed
/// before it is proven and sealed.
///
/// Input: kind, state of the directory, then the message or the changes to one; and so on for the
/// next ones.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  CenterBench.run(&input)
  return 0
}
