public import Wire

/// What an operator asks of a KDC: one line of JSON. `{"command":"disable","name":"bob"}`
public enum OperatorRequest: Hashable, Sendable {
  case list
  case show(PrincipalName)
  case disable(PrincipalName)
  case enable(PrincipalName)
  case remove(PrincipalName)
  case reset(PrincipalName, Interval)
  /// Nil: everybody.
  case allow(PrincipalName, callers: [PrincipalName]?)
  case invite(PrincipalName?, Interval)
  /// A line of a user file, sealed for this realm.
  case add(line: String)
  case rotateStorageKey
  case rotateIdentity
  /// Of a KDC that serves.
  case status

  public static let defaultInvitationLife = Interval.days(7)
  public static let longestInvitationLife = Interval.days(366)

  /// Whether it puts another key into `kdc.key`.
  public var replacesKeys: Bool { self == .rotateStorageKey || self == .rotateIdentity }

  public var json: JSONValue {
    switch self {
    case .list: Self.object("list")
    case .show(let name): Self.object("show", name)
    case .disable(let name): Self.object("disable", name)
    case .enable(let name): Self.object("enable", name)
    case .remove(let name): Self.object("remove", name)
    case .reset(let name, let life): Self.object("reset", name, [Self.seconds(life)])
    case .allow(let name, let callers):
      Self.object(
        "allow", name, callers.map { [.init("callers", .array($0.map { .text("\($0)") }))] } ?? [])
    case .invite(let name, let life): Self.object("invite", name, [Self.seconds(life)])
    case .add(let line): Self.object("add", nil, [.init("line", .text(line))])
    case .rotateStorageKey: Self.object("rotate-storage-key")
    case .rotateIdentity: Self.object("rotate-identity")
    case .status: Self.object("status")
    }
  }

  private static func object(
    _ command: String, _ name: PrincipalName? = nil, _ more: [JSONValue.Member] = []
  ) -> JSONValue {
    let name = name.map { [JSONValue.Member("name", .text("\($0)"))] } ?? []
    return .object([.init("command", .text(command))] + name + more)
  }

  private static func seconds(_ life: Interval) -> JSONValue.Member {
    .init("seconds", .integer(Int64(clamping: life.milliseconds / 1000)))
  }

  /// Nil for what is no request: another command, or a member that it does not have.
  public init?(_ json: JSONValue) {
    guard case .object(let members) = json, let command = json["command"]?.text else { return nil }
    let name = json["name"]?.text.flatMap { PrincipalName($0) }
    guard name != nil || json["name"] == nil else { return nil }
    let request: OperatorRequest? =
      switch (command, name) {
      case ("list", nil): .list
      case ("show", let name?): .show(name)
      case ("disable", let name?): .disable(name)
      case ("enable", let name?): .enable(name)
      case ("remove", let name?): .remove(name)
      case ("reset", let name?): Self.life(json).map { .reset(name, $0) }
      case ("allow", let name?): Self.callers(json).map { .allow(name, callers: $0) }
      case ("invite", _): Self.life(json).map { .invite(name, $0) }
      case ("add", nil): json["line"]?.text.map { .add(line: $0) }
      case ("rotate-storage-key", nil): .rotateStorageKey
      case ("rotate-identity", nil): .rotateIdentity
      case ("status", nil): .status
      default: nil
      }
    guard let request, case .object(let expected) = request.json,
      Set(expected.map(\.name)) == Set(members.map(\.name))
    else { return nil }
    self = request
  }

  private static func life(_ json: JSONValue) -> Interval? {
    guard let seconds = json["seconds"]?.integer, seconds > 0 else { return nil }
    let life = Interval.seconds(UInt64(min(seconds, 1 << 32)))
    return life <= longestInvitationLife ? life : nil
  }

  /// The inner nil: everybody.
  private static func callers(_ json: JSONValue) -> [PrincipalName]?? {
    guard let callers = json["callers"] else { return .some(nil) }
    guard case .array(let values) = callers else { return nil }
    let names = values.compactMap { $0.text.flatMap { PrincipalName($0) } }
    return names.count == values.count ? .some(names) : nil
  }
}

/// What is wrong with a request, as a sentence for the operator.
public struct OperatorFailure: Error, CustomStringConvertible, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}
