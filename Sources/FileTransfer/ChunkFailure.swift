/// Why a stream of chunks is not the file that the sender sealed.
public enum ChunkFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The tag is wrong: changed, moved, repeated, left out, or sealed for another session.
  case notAuthentic
  /// A chunk has a length that its place in the stream does not allow.
  case wrongLength
  /// A chunk follows the last one.
  case afterLast
  /// More bytes than were announced, or than can be counted.
  case tooLong
  /// The stream stops before its last chunk.
  case truncated
  /// The stream is whole and has fewer bytes than were announced.
  case tooShort
  /// An earlier chunk failed; nothing of this stream is accepted any more.
  case failedBefore

  public var description: String {
    switch self {
    case .notAuthentic: "a part of the file was changed on the way"
    case .wrongLength: "a part of the file has a wrong length"
    case .afterLast: "something follows the end of the file"
    case .tooLong: "the file is longer than announced"
    case .truncated: "the file ends too early"
    case .tooShort: "the file is shorter than announced"
    case .failedBefore: "the file has failed already"
    }
  }
}
