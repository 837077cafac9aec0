/// A value of JSON (RFC 8259), as operators write and read it. Numbers with a fraction or an
/// exponent are not used anywhere, and not read.
public enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number; others are refused.
  case integer(Int64)
  /// A text, whose escapes are read.
  case text(String)
  /// Any number of values.
  case array([JSONValue])
  /// Members in their order. Reading refuses a name that comes twice.
  case object([Member])

  /// A name in an object, and what it has there.
  public struct Member: Hashable, Sendable {
    /// As it is written.
    public let name: String
    /// What it has.
    public let value: JSONValue

    /// Whether a name is there twice is for the object to say.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// What a member of an object has; nil where there is none, or it is no object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// A text; nil for any other value.
  public var text: String? { if case .text(let text) = self { text } else { nil } }
  /// The bytes that a text tells in hexadecimal digits.
  public var hexadecimal: [UInt8]? { text.flatMap { Hexadecimal.decode($0.utf8) } }
  /// A number; nil for any other value.
  public var integer: Int64? { if case .integer(let integer) = self { integer } else { nil } }
}

extension JSONValue: CustomStringConvertible {
  /// On one line, printable ASCII only: everything else is escaped.
  public var description: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let bool): text += bool ? "true" : "false"
    case .integer(let integer): text += String(integer)
    case .text(let string): Self.quote(string, &text)
    case .array(let values):
      text += "["
      for (position, value) in values.enumerated() {
        if position > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (position, member) in members.enumerated() {
        if position > 0 { text += "," }
        Self.quote(member.name, &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ string: String, _ text: inout String) {
    text += "\""
    for unit in string.utf16 {
      switch unit {
      case 0x22: text += "\\\""
      case 0x5c: text += "\\\\"
      case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    text += "\""
  }
}
