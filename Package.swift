// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// One library target and what it may import: the order of this list is the order of the layers.
func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "tare",
  products: [
    .library(name: "Tare", targets: ["Tare"]),
    .executable(name: "tare", targets: ["TareCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    layer("TensorModel"),
    layer("ByteStore", ["TensorModel"]),
    layer("Kernels", ["TensorModel"]),
    layer("Encodings", ["TensorModel", "Kernels", "CZstd"]),
    layer("Containers", ["TensorModel", "ByteStore"]),
    layer("Packing", ["TensorModel", "ByteStore", "Kernels", "Encodings", "Containers"]),
    layer("Inspection", ["TensorModel", "Kernels", "Containers", "Packing"]),
    layer("Verification", ["TensorModel", "Kernels", "Containers", "Packing"]),
    layer("Tare", ["TensorModel", "ByteStore", "Encodings", "Containers", "Packing", "Inspection", "Verification"]),
    .executableTarget(
      name: "TareCommand",
      dependencies: ["Tare", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Sources/tare", swiftSettings: strict),
    tests("Kernels", ["TensorModel", "Kernels"]),
    tests("Inspection", ["TensorModel", "Kernels", "Containers", "Packing", "Inspection"]),
  ]
)
