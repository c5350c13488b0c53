"""What is pulled or pinned: releases, images, charts, buckets of others."""
