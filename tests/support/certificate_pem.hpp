#pragma once

// A self-signed certificate made for the tests, its key, and a key that is not its own.
inline constexpr char test_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBcDCCARWgAwIBAgIUOqZeDS1TKs/UsCun0jVzEYLDN2kwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBYTAgFw0yNjExMzAwMjA5NDBaGA8yMTI2MTEwNjAyMDk0MFow\n"
    "DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE9L0Jn3oqtb\n"
    "oTF+Soe3N/k1Yg7jQdcaCMQkAgb6T41v4xV5uDlVowR9C7/enfSUdHvL/EvpT27l\n"
    "jRBhIEZcm9ijUzBRMB0GA1UdDgQWBBSLS3aM087iAuB55ofZlcGOXy+4uDAfBgNV\n"
    "HSMEGDAWgBSLS3aM087iAuB55ofZlcGOXy+4uDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0kAMEYCIQDbV+Sbyq8s2VPObe588Iksdm5k9Y5qfOTnnzTyadKN\n"
    "mgIhAOhchMLZum4LX4OJzQ4qTIE1DVtLONHhvXPxn4h+y81R\n"
    "-----END CERTIFICATE-----\n";
inline constexpr char test_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgb3wIB7i5n2eZt4Sq\n"
    "BMJ7uHmcenHonZ2qRjRErQGeSgqhRANCAARPS9CZ96KrW6ExfkqHtzf5NWIO40HX\n"
    "GgjEJAIG+k+Nb+MVebg5VaMEfQu/3p30lHR7y/xL6U9u5Y0QYSBGXJvY\n"
    "-----END PRIVATE KEY-----\n";
inline constexpr char test_other_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSZmn2LlYmUM36VWb\n"
    "NsTlTg+/WWYcy8fiMk5QMZ2YPAahRANCAATalaE+3Lhb0B5gUXMoSjDMwnJH5V1G\n"
    "PYCkKB+sP8lh4Fhu8H1vSIbHaYXWzMV9CVVZPG03/6DTi/MnwmUIN/P6\n"
    "-----END PRIVATE KEY-----\n";
