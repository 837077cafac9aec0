/// A message that does not have the one form it must have. Always the fault of who wrote it.
public enum WireError: Error, Hashable, Sendable {
  /// The bytes end before the field does.
  case truncated
  /// Bytes are left after the last field.
  case trailingBytes
  /// A field has a value that its definition does not allow.
  case invalidField(StaticName)

  /// The name of a field, from the source text, so that nothing hostile can be in it.
  public struct StaticName: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// A name that stands in the code, never text from outside.
    public init(_ name: StaticString) { description = "\(name)" }
  }

  /// A field has a value that it may not have.
  public static func invalid(_ field: StaticString) -> WireError {
    .invalidField(StaticName(field))
  }
}
