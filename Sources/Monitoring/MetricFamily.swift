/// A metric by its name, with a value for each set of labels.
public struct MetricFamily: Sendable {
  public enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  public struct Sample: Sendable {
    /// Behind the family's name: "_bucket", "_sum" and "_count" of a histogram.
    let suffix: String
    let labels: [(name: String, value: String)]
    let value: Double

    public init(_ labels: [(name: String, value: String)] = [], _ value: Double) {
      self.init(suffix: "", labels, value)
    }

    init(suffix: String, _ labels: [(name: String, value: String)], _ value: Double) {
      self.suffix = suffix
      self.labels = labels
      self.value = value
    }
  }

  public let name: String
  public let kind: Kind
  public let help: String
  public let samples: [Sample]

  /// - Parameter name: as Prometheus has them; other characters become "_".
  public init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    self.name = Self.spelled(name)
    self.kind = kind
    self.help = help
    self.samples = samples
  }

  /// One number without labels.
  public init(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    self.init(name, kind, help, [Sample([], Double(value))])
  }

  /// Prometheus text exposition format, version 0.0.4: lines that end with a newline.
  public var text: String {
    var text = "# HELP \(name) \(Self.escaped(help, quote: false))\n# TYPE \(name) \(kind)\n"
    for sample in samples {
      text += name + sample.suffix
      if !sample.labels.isEmpty {
        let labels = sample.labels.map {
          "\(Self.spelled($0.name))=\"\(Self.escaped($0.value, quote: true))\""
        }
        text += "{" + labels.joined(separator: ",") + "}"
      }
      text += " \(Self.text(of: sample.value))\n"
    }
    return text
  }

  /// The letters, digits and underscores of a name, the rest as underscores.
  private static func spelled(_ name: String) -> String {
    let letters = name.unicodeScalars.map { scalar -> Character in
      let isLetter = "a"..."z" ~= scalar || "A"..."Z" ~= scalar || "0"..."9" ~= scalar
      return isLetter ? Character(scalar) : "_"
    }
    let isNameStart = letters.first.map { !("0"..."9" ~= $0) } ?? false
    return (isNameStart ? "" : "_") + String(letters)
  }

  private static func escaped(_ text: String, quote: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quote: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
