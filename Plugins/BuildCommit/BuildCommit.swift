import Foundation
import PackagePlugin

/// Lets a target know the commit that it is built from, at every build: the package's manifest
/// could tell it too, but is read again only when it changes.
@main
struct BuildCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let package = context.package.directoryURL
    let output = context.pluginWorkDirectoryURL
    return [
      .prebuildCommand(
        displayName: "Looking up the commit",
        executable: package.appending(path: "Plugins/BuildCommit/write-commit"),
        arguments: [package.path, output.path], outputFilesDirectory: output)
    ]
  }
}
