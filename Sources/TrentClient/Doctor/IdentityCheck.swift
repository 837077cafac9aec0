internal import DurableFiles
internal import KeyDistribution
internal import Wire

/// The user's own identity keys on this device, as far as they can be judged without a passphrase.
struct IdentityCheck {
  private let state: StateFolder

  init(_ state: StateFolder) { self.state = state }

  private static let subject = "identity keys"

  func run(_ only: PrincipalName?) -> [Finding] {
    do throws(ClientFailure) {
      var findings: [Finding] = []
      var good: [String] = []
      let folder = state.path(IdentityFiles.folder)
      for realm in try entries(folder) where realm.utf8.count == 64 {
        let place = try KnownKDCs(in: state, person: Nobody()).places(ofRealm: realm)
        for entry in try entries(joinPath(folder, realm)) {
          let parts = entry.split(separator: "~", omittingEmptySubsequences: false)
          guard let first = parts.first, let name = PrincipalName(String(first)),
            name == only ?? name
          else { continue }
          let path = joinPath(joinPath(folder, realm), entry)
          let finding = Self.check(path, String(entry.dropFirst(first.count)), name, place)
          if let finding {
            findings.append(finding)
          } else if parts.count == 1 {
            good.append("\(name) at \(place)")
          }
        }
      }
      let text = good.isEmpty ? "none on this device yet" : good.joined(separator: "; ")
      return (findings.isEmpty || !good.isEmpty ? [.ok(Self.subject, text)] : []) + findings
    } catch {
      return [.problem(Self.subject, error)]
    }
  }

  private func entries(_ folder: String) throws(ClientFailure) -> [String] {
    try withFiles { () throws(FileFailure) in try folderEntries(folder) }
  }

  /// Nil when all is well, or the file is none of an identity.
  private static func check(
    _ path: String, _ mark: String, _ name: PrincipalName, _ place: String
  ) -> Finding? {
    let marks = [
      "", IdentityFiles.candidateMark, IdentityFiles.replacedMark, IdentityFiles.resealedMark,
    ]
    guard marks.contains(mark) else { return nil }
    do throws(ClientFailure) {
      guard try IdentityFiles.read(path) != nil else { return nil }
    } catch {
      return .problem(subject, error)
    }
    switch mark {
    case IdentityFiles.candidateMark:
      return .warning(
        subject,
        "an identity key of \(name) at \(place) was made, and the KDC's answer never came",
        advice: "sign in with the passphrase of that time: client login -n \(name); what it turns "
          + "out to be is then settled")
    case IdentityFiles.resealedMark:
      return .warning(
        subject, "a change of the passphrase of \(name) at \(place) was interrupted",
        advice: "client login -n \(name) with either passphrase tells which is in force")
    case IdentityFiles.replacedMark:
      return .warning(
        subject, "an identity key of \(name) at \(place) was replaced, and kept aside",
        advice: "when the new one serves, remove the old: rm \(Finding.quoted(path))")
    default: return nil
    }
  }
}
