//! The sample image that comes with the project.

/// The JPEG encoder's vector code decides about the last bits, so the bytes are those of one kind of
/// processor.
///
/// `UPDATE_SAMPLES=1` writes the file anew, and the test fails so that this does not go unnoticed.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_sample_image_is_what_the_generator_makes() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/images/zuber.jpg");
    let made = iiif_testkit::sample_photo();
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        std::fs::write(&path, &made).unwrap();
        panic!("{} was written anew", path.display());
    }
    assert!(
        std::fs::read(&path).unwrap() == made,
        "{} differs",
        path.display()
    );
}
