/// What libFuzzer hands to a target: bytes that a target takes apart from the front. Past the end
/// there are zeros, so that every input means something.
public struct FuzzInput {
  public private(set) var rest: ArraySlice<UInt8>

  /// - Parameters: as `LLVMFuzzerTestOneInput` has them.
  @unsafe
  public init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
    rest = unsafe ArraySlice(UnsafeBufferPointer(start: start, count: count))
  }

  public var isEmpty: Bool { rest.isEmpty }

  public mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// The next `count` bytes, or those that are left.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    let taken = [UInt8](rest.prefix(count))
    rest = rest.dropFirst(count)
    return taken
  }

  /// The next bytes, with their number before them in two bytes.
  public mutating func prefixed() -> [UInt8] {
    let high = Int(byte())
    return bytes(high << 8 | Int(byte()))
  }

  public mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
