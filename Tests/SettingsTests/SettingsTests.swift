import Foundation
import Testing

@testable import Settings

@Suite("What is settled once need not be said each time")
struct SettingsTests {
  private static let keys: Set = ["name", "kdc.host", "kdc.port", "folder", "names", "quiet"]

  private func settings(
    _ text: String?, variables: [String: String] = [:]
  ) throws -> Settings {
    let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "settings.json")
    if let text { try Data(text.utf8).write(to: file) }
    return try Settings(path: file.path, keys: Self.keys, variables: variables)
  }

  private func failure(_ text: String) throws -> String {
    try #require(throws: SettingsFailure.self) { try settings(text) }.description
  }

  @Test("A file that is not there says nothing, unless it has to be there")
  func missingFile() throws {
    let path = "/nowhere/settings.json"
    let settings = try Settings(path: path, keys: Self.keys, variables: [:])
    #expect(settings.text("name") == nil)
    let failure = try #require(throws: SettingsFailure.self) {
      try Settings(path: path, mustExist: true, keys: Self.keys, variables: [:])
    }
    #expect(failure.description.contains(path))
  }

  @Test("A file's values are read as the command line's would be")
  func file() throws {
    let settings = try settings(
      """
      {"name": "alice", "kdc": {"host": "kdc.example.org", "port": 7000},
       "names": ["bob", "carol"], "quiet": true}
      """)
    #expect(settings.text("name") == "alice")
    #expect(settings.text("kdc.host") == "kdc.example.org")
    #expect(try settings.value("kdc.port", "a port") { UInt16($0) } == 7000)
    #expect(settings.text("names") == "bob,carol")
    #expect(settings.text("quiet") == "true")
    #expect(settings.text("folder") == nil)
  }

  @Test("Variables win over the file; an empty one, and one of another program, say nothing")
  func variables() throws {
    let settings = try settings(
      #"{"name": "alice", "kdc": {"host": "one", "port": 1}}"#,
      variables: ["TRENT_NAME": "bob", "TRENT_KDC_HOST": "", "KDC_PORT": "9", "NAME": "x"])
    #expect(settings.text("name") == "bob")
    #expect(settings.text("kdc.host") == "one")
    #expect(settings.text("kdc.port") == "1")
  }

  @Test("A file that is not there says nothing; variables do")
  func noFile() throws {
    let settings = try settings(nil, variables: ["TRENT_KDC_PORT": "7000"])
    #expect(settings.text("name") == nil)
    #expect(settings.text("kdc.port") == "7000")
  }

  @Test(
    "What is no settings file is refused, with the place",
    arguments: [
      ("", "no JSON"), ("{", "no JSON"), ("[]", "JSON object"), ("\"x\"", "JSON object"),
      (#"{"name": null}"#, "name"), (#"{"name": 1.5}"#, "line 1"),
      (#"{"nmae": "alice"}"#, "nmae"), (#"{"kdc": {"hots": "x"}}"#, "kdc.hots"),
      (#"{"kdc": "x"}"#, "kdc"), (#"{"names": [["x"]]}"#, "names"),
      (String(repeating: "[", count: 60_000), "settings.json"),
      (String(repeating: " ", count: 70_000), "settings.json"),
    ])
  func damaged(text: String, word: String) throws {
    #expect(try failure(text).contains(word))
  }

  @Test("A value that cannot be what it is for is told with its key and its source")
  func badValue() throws {
    let inFile = try settings(#"{"kdc": {"port": "many"}}"#)
    let told = try #require(throws: SettingsFailure.self) {
      try inFile.value("kdc.port", "a port") { UInt16($0) }
    }
    #expect(told.description.contains("kdc.port") && told.description.contains("settings.json"))
    let inVariable = try settings("{}", variables: ["TRENT_KDC_PORT": "many"])
    let toldToo = try #require(throws: SettingsFailure.self) {
      try inVariable.value("kdc.port", "a port") { UInt16($0) }
    }
    #expect(toldToo.description.contains("TRENT_KDC_PORT"))
  }

  @Test("A path is absolute or begins at home")
  func path() throws {
    #expect(try settings(#"{"folder": "/srv/in"}"#).path("folder", home: nil) == "/srv/in")
    #expect(
      try settings(#"{"folder": "~/in"}"#).path("folder", home: "/home/a") == "/home/a/in")
    #expect(try settings("{}").path("folder", home: "/home/a") == nil)
    for text in [#"{"folder": "in"}"#, #"{"folder": "~bob/in"}"#, #"{"folder": ""}"#] {
      let settings = try settings(text)
      #expect(throws: SettingsFailure.self) { try settings.path("folder", home: "/home/a") }
    }
    let homeless = try settings(#"{"folder": "~/in"}"#)
    #expect(throws: SettingsFailure.self) { try homeless.path("folder", home: nil) }
  }
}
