//! OpenRTB 2.6 objects.
