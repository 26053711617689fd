// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .strictMemorySafety(), .enableExperimentalFeature("Lifetimes")]

/// libFuzzer brings `main`; a target brings `LLVMFuzzerTestOneInput`. All are built by `Fuzzing/run`.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["FuzzSupport", .product(name: "Tare", package: "tare")], swiftSettings: strict)
}

let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "tare", path: "..")],
  targets: [
    .systemLibrary(name: "CFuzzing"),
    .target(
      name: "FuzzSupport", dependencies: ["CFuzzing", .product(name: "Tare", package: "tare")],
      swiftSettings: strict),
    fuzzer("FuzzJSON"),
    fuzzer("FuzzSafetensors"),
    fuzzer("FuzzGGUF"),
    fuzzer("FuzzPacked"),
  ]
)
