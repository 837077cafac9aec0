/// Frames from a peer who has a session and all of its keys: each as it should be, or not, as the
/// input says.
public struct HostileFrames {
  public static let record: UInt8 = 3
  public static let chunk: UInt8 = 4
  public static let lastChunk: UInt8 = 5

  public private(set) var bytes: [UInt8] = []
  /// Whether everything so far is as it should be.
  public private(set) var isHonest = true
  /// Whether the peer has stopped in the middle.
  public private(set) var isOver = false

  public init() {}

  /// Adds a frame, or what comes in its place.
  ///
  /// - Parameters:
  ///   - plaintext: what the frame should say.
  ///   - seal: is called once for each frame that leaves, in their order.
  public mutating func add(
    _ type: UInt8, _ plaintext: [UInt8], _ input: inout FuzzInput, seal: ([UInt8]) -> [UInt8]
  ) {
    guard !isOver else { return }
    let (mark, wasHonest) = (bytes.count, isHonest)
    isHonest = false
    switch input.byte() % 16 {
    case 1: append(type, seal(plaintext.mutated(by: &input)))
    case 2: append(type, seal(plaintext).mutated(by: &input))
    case 3: append(input.byte() % 7, seal(plaintext))
    case 4: _ = seal(plaintext)
    case 5:
      let sealed = seal(plaintext)
      append(type, sealed)
      append(type, sealed)
    case 6:
      append(type, seal(input.prefixed()))
      append(type, seal(plaintext))
    case 7:
      append(type, seal(plaintext))
      bytes.removeLast(1 + Int(input.byte()) % (bytes.count - mark))
      isOver = true
    case 8: bytes += input.prefixed()
    case 9: isOver = true
    default:
      append(type, seal(plaintext))
      isHonest = wasHonest
    }
  }

  /// A frame without a fault.
  public static func frame(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let count = payload.count
    return [type, UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)] + payload
  }

  private mutating func append(_ type: UInt8, _ payload: [UInt8]) {
    bytes += Self.frame(type, payload)
  }
}
