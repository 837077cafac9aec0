import ArgumentParser
import KeyDistribution
import Logging
import Operation
import Settings
import Wire

/// Which realm a command is about.
struct RealmOptions: ParsableArguments {
  @Option(
    name: [.customShort("f", allowingJoined: true), .customLong("users")],
    help: "The user file of the KDC.", completion: .file())
  var userFile: String?

  @Option(help: "The store that its KDCs share, in place of a user file.")
  var store: String?

  @Option(
    help: "With --store: the realm's keys. (default: \(RealmPlace.defaultKeyFile))",
    completion: .file())
  var keys: String?

  /// As `validate` has found it.
  var place: RealmPlace { (try? found()) ?? .files(userFile: "") }

  private func found() throws(SettingsFailure) -> RealmPlace {
    try RealmPlace(userFile: userFile, store: store, keys: keys)
  }

  func validate() throws {
    do throws(SettingsFailure) {
      _ = try found()
    } catch {
      throw ValidationError("\(error)")
    }
  }
}

/// Which KDC a command is about, and where it is told.
struct FileOptions: ParsableArguments {
  @OptionGroup var realm: RealmOptions

  @Option(
    name: [.customShort("o", allowingJoined: true), .customLong("log")],
    help: "The KDC's log, for a line about this while the KDC does not serve.", completion: .file())
  var log: String?

  @Option(
    help: "The KDC's audit file, for a record about this while the KDC does not serve.",
    completion: .file())
  var audit: String?

  func validate() throws {
    guard log != "", audit != "" else {
      throw ValidationError("a file needs a name")
    }
  }

  /// Asks one thing, of the KDC that serves or on its files.
  func ask(
    _ request: OperatorRequest, item: (JSONValue) -> Void = { _ in }
  ) throws -> JSONValue {
    try withLink(replacingKeys: request.replacesKeys) { link in
      Result { () throws(OperatorFailure) in try link.ask(request, item: item) }
    }.get()
  }

  /// Asks many things. Tells what was refused.
  func askEach(_ requests: [OperatorRequest]) throws -> [OperatorFailure] {
    try withLink(replacingKeys: false) { link in
      var refused: [OperatorFailure] = []
      for request in requests {
        do throws(OperatorFailure) {
          _ = try link.ask(request)
        } catch {
          refused.append(error)
        }
      }
      return refused
    }
  }

  private func withLink<Answer>(
    replacingKeys replacesKeys: Bool, _ body: (borrowing OperatorLink) -> Answer
  ) throws -> Answer {
    do {
      let link = try OperatorLink(
        to: realm.place, replacesKeys: replacesKeys, eventLog: log, audit: audit,
        logger: Logger(label: "kdc"))
      let answer = body(link)
      link.close()
      return answer
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  static func name(_ text: String) throws -> PrincipalName {
    guard let name = PrincipalName(text) else {
      throw ValidationError("a name is 1 to 64 of a-z 0-9 . _ -, the first a letter or digit")
    }
    return name
  }

  /// Reads 90s, 30m, 12h or 7d.
  static func life(_ text: String) throws -> Interval {
    guard let life = Interval(text), life.milliseconds > 0 else {
      throw ValidationError("a time is a number and s, m, h or d, as in 7d")
    }
    guard life <= OperatorRequest.longestInvitationLife else {
      throw ValidationError("an invitation lasts 366 days at most")
    }
    return life
  }
}
